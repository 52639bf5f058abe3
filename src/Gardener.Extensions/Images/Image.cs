// SPDX-License-Identifier: Apache-2.0

namespace Gardener.Extensions.Images;

/// <summary>An image that was found in a vector.</summary>
public sealed record Image
{
    private const string DigestPrefix = "sha256:";

    /// <summary>The name by which it was asked for.</summary>
    public required string Name { get; init; }

    /// <summary>A complete reference, used as it is.</summary>
    public string? Ref { get; init; }

    /// <summary>The repository, when there is no <see cref="Ref"/>.</summary>
    public string? Repository { get; init; }

    /// <summary>The tag or digest; null when the vector leaves it open.</summary>
    public string? Tag { get; init; }

    /// <summary>The version of what is in the image, where it is known.</summary>
    public string? Version { get; init; }

    /// <summary>Sets the tag where the vector leaves it open; a complete reference stays as it is.</summary>
    /// <param name="tag">The tag, usually the version of the program that asks.</param>
    public Image WithDefaultTag(string tag) => Ref is null && Tag is null ? this with { Tag = tag } : this;

    /// <summary>The reference as a pod needs it.</summary>
    public override string ToString() => this switch
    {
        { Ref: { } reference } => reference,
        { Tag: null } => Repository!,
        { Tag: var tag } when tag.StartsWith(DigestPrefix, StringComparison.Ordinal) => $"{Repository}@{tag}",
        { Tag: var tag } => $"{Repository}:{tag}",
    };
}
