// SPDX-License-Identifier: Apache-2.0

using System.Collections.Immutable;
using Kubernetes.Controllers.Client;

namespace Gardener.Extensions.ManagedResources;

/// <summary>Objects for the shoot, and the ManagedResource that carries them there.</summary>
public sealed record ManagedResourceContent
{
    /// <summary>Namespace and name of the ManagedResource.</summary>
    public required ObjectKey Key { get; init; }

    /// <summary>
    /// Value of the label <c>origin</c>. Never <c>gardener</c>: gardenlet deletes those by the label. (Gardener contract 4.1.)
    /// </summary>
    public required string Origin { get; init; }

    /// <summary>The secret's data: manifests in YAML or JSON by key.</summary>
    public required ImmutableSortedDictionary<string, ReadOnlyMemory<byte>> Data { get; init; }

    /// <summary>
    /// Annotations of the ManagedResource beside the reference to its secret; a null value means that the annotation must be absent.
    /// Default none.
    /// </summary>
    public ImmutableSortedDictionary<string, string?> Annotations { get; init; } = ImmutableSortedDictionary<string, string?>.Empty;
}
