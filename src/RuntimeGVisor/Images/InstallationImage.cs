// SPDX-License-Identifier: Apache-2.0

using Gardener.Extensions.Images;
using RuntimeGVisor.ProviderConfiguration;

namespace RuntimeGVisor.Images;

/// <summary>Chooses the image of the node installer. (Gardener contract 5.6.)</summary>
public sealed class InstallationImage
{
    /// <summary>Name of the image in the vector; operators override it by this name.</summary>
    public const string Name = "runtime-gvisor-installation";

    private const string EmbeddedVector = "RuntimeGVisor.Images.images.yaml";

    private readonly string _reference;
    private readonly string? _testRepository;

    /// <summary>Chooses the image for all worker pools.</summary>
    /// <param name="vector">The vector, with the operator's overrides.</param>
    /// <param name="buildVersion">This program's version: the tag of entries that have none.</param>
    /// <param name="testRepository">
    /// A repository from which owners of shoots may pick any tag; null or empty for none. For development only: the image runs as root on nodes.
    /// </param>
    /// <exception cref="ImageVectorException">The vector has no such image.</exception>
    public InstallationImage(ImageVector vector, string buildVersion, string? testRepository = null)
    {
        _reference = vector.Find(Name).WithDefaultTag(buildVersion).ToString();
        _testRepository = string.IsNullOrEmpty(testRepository) ? null : testRepository;
    }

    /// <summary>Reads the vector that is part of this assembly.</summary>
    /// <param name="time">Tells whether certificates have expired.</param>
    public static ImageVector ReadEmbeddedVector(TimeProvider time)
    {
        using var stream = typeof(InstallationImage).Assembly.GetManifestResourceStream(EmbeddedVector)!;
        using var reader = new StreamReader(stream);
        return ImageVectorFile.Read(reader.ReadToEnd(), "images.yaml", time);
    }

    /// <summary>The image for a worker pool: a tag of the test repository if both sides ask for it, else the vector's image.</summary>
    /// <param name="configuration">What the owner of the shoot asked for.</param>
    public string For(GVisorConfiguration configuration) => (_testRepository, configuration.TestImageTag) is ({ } repository, { } tag)
        ? $"{repository}:{tag}"
        : _reference;
}
