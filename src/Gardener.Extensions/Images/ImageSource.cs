// SPDX-License-Identifier: Apache-2.0

using System.Collections.Immutable;

namespace Gardener.Extensions.Images;

/// <summary>An entry of an image vector: where an image is found, and for which versions and architectures. Either
/// <see cref="Ref"/> or <see cref="Repository"/> is set.</summary>
public sealed record ImageSource
{
    /// <summary>The name by which a component asks for the image.</summary>
    public required string Name { get; init; }

    /// <summary>A complete reference, used as it is.</summary>
    public string? Ref { get; init; }

    /// <summary>The repository, to which a tag is added.</summary>
    public string? Repository { get; init; }

    /// <summary>The tag, or a digest that begins with <c>sha256:</c>; null leaves the choice to whoever asks.</summary>
    public string? Tag { get; init; }

    /// <summary>The version of what is in the image, where the tag does not tell it.</summary>
    public string? Version { get; init; }

    /// <summary>Versions of the cluster on which the image can run; null for all.</summary>
    public VersionConstraint? RuntimeVersion { get; init; }

    /// <summary>Versions of the cluster on which the image can act; null for all.</summary>
    public VersionConstraint? TargetVersion { get; init; }

    /// <summary>The architectures of the image; null for amd64 and arm64.</summary>
    public ImmutableArray<string>? Architectures { get; init; }
}
