// SPDX-License-Identifier: Apache-2.0

using System.Collections.Immutable;

namespace Gardener.Extensions.Images;

/// <summary>A list of images with a rule for choosing among entries of the same name. (Gardener contract 5.6: image vectors.)</summary>
public sealed record ImageVector
{
    private static readonly ImmutableArray<string> DefaultArchitectures = ["amd64", "arm64"];

    /// <summary>The entries in the order of the file.</summary>
    public required ImmutableArray<ImageSource> Images { get; init; }

    /// <summary>Certificates in PEM for the registries of the images; null for none.</summary>
    public string? CaBundle { get; init; }

    /// <summary>
    /// Puts another vector's entries over this one's. Entries for the same name, versions and architectures are merged field by field, all
    /// others are appended.
    /// </summary>
    /// <param name="overrides">The vector that wins.</param>
    public ImageVector OverriddenBy(ImageVector overrides)
    {
        var merged = Images.ToList();
        foreach (var source in overrides.Images)
        {
            var index = merged.FindIndex(candidate => HasSameKey(candidate, source));
            if (index < 0)
            {
                merged.Add(source);
            }
            else
            {
                merged[index] = Merge(merged[index], source);
            }
        }

        return new() { Images = [.. merged], CaBundle = overrides.CaBundle ?? CaBundle };
    }

    /// <summary>Finds the entry that fits best: exact versions before ranges, one architecture before several, then the first.</summary>
    /// <param name="name">The image's name.</param>
    /// <param name="runtimeVersion">Version of the cluster on which the image will run; null to disregard such constraints.</param>
    /// <param name="targetVersion">Version of the cluster on which the image will act; null to disregard such constraints.</param>
    /// <param name="architecture">Architecture of the machine.</param>
    /// <exception cref="ImageVectorException">No entry fits.</exception>
    public Image Find(string name, string? runtimeVersion = null, string? targetVersion = null, string architecture = "amd64")
    {
        var best = Images
            .Where(source => source.Name == name)
            .Select(source => (Source: source, Score: Score(source, runtimeVersion, targetVersion, architecture)))
            .Where(candidate => candidate.Score is not null)
            .OrderByDescending(candidate => candidate.Score)
            .Select(candidate => candidate.Source)
            .FirstOrDefault();
        return best is null
            ? throw new ImageVectorException(
                $"the image vector has no image \"{name}\" for runtime version {runtimeVersion ?? "any"}, target version {targetVersion ?? "any"}, "
                + $"architecture {architecture}; it has {string.Join(", ", Images.Select(source => source.Name).Distinct(StringComparer.Ordinal).DefaultIfEmpty("nothing"))}")
            : ToImage(best, targetVersion);
    }

    private static Image ToImage(ImageSource source, string? targetVersion)
    {
        if (source.Ref is not null)
        {
            return new() { Name = source.Name, Ref = source.Ref, Version = source.Version };
        }

        var tag = source.Tag ?? (targetVersion is null ? null : $"v{targetVersion.TrimStart('v')}");
        return new() { Name = source.Name, Repository = source.Repository, Tag = tag, Version = source.Version ?? tag };
    }

    private static int? Score(ImageSource source, string? runtimeVersion, string? targetVersion, string architecture)
    {
        var architectures = source.Architectures ?? DefaultArchitectures;
        int? ofArchitecture = !architectures.Contains(architecture) ? null : architectures.Length == 1 ? 2 : 1;
        return ofArchitecture + Score(source.RuntimeVersion, runtimeVersion) + Score(source.TargetVersion, targetVersion);
    }

    private static int? Score(VersionConstraint? constraint, string? version) => (constraint, version) switch
    {
        (null, _) or (_, null) => 0,
        _ when !constraint.Allows(version) => null,
        _ => constraint.IsExact ? 2 : 1,
    };

    private static bool HasSameKey(ImageSource one, ImageSource other) =>
        one.Name == other.Name
        && one.RuntimeVersion == other.RuntimeVersion
        && one.TargetVersion == other.TargetVersion
        && (one.Architectures, other.Architectures) switch
        {
            (null, null) => true,
            ({ } left, { } right) => left.SequenceEqual(right),
            _ => false,
        };

    private static ImageSource Merge(ImageSource old, ImageSource overrides)
    {
        var tag = overrides.Tag ?? old.Tag;
        var reference = overrides.Ref ?? (overrides.Repository is null ? old.Ref : null);
        return old with
        {
            Ref = reference,
            Repository = reference is null ? overrides.Repository ?? old.Repository : null,
            Tag = reference is null ? tag : null,
            Version = overrides.Version ?? old.Version ?? old.Tag,
        };
    }
}
