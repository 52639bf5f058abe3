// SPDX-License-Identifier: Apache-2.0

using System.Collections.Immutable;
using k8s;
using k8s.Models;

namespace Gardener.Extensions.Api;

/// <summary>
/// What gardenlet tells extensions of a shoot. Cluster-scoped, named as the shoot's namespace in the seed. Only the fields that
/// extensions of this library read are kept: cloud profile and seed, often 100 KB, are skipped while decoding.
/// </summary>
public sealed record Cluster : IKubernetesObject<V1ObjectMeta>
{
    /// <inheritdoc/>
    public string ApiVersion { get; set; } = "extensions.gardener.cloud/v1alpha1";

    /// <inheritdoc/>
    public string Kind { get; set; } = "Cluster";

    /// <inheritdoc/>
    public V1ObjectMeta Metadata { get; set; } = new();

    /// <summary>The objects of the garden that concern this shoot.</summary>
    public ClusterSpec Spec { get; init => field = value ?? new(); } = new();
}

/// <summary>The objects of the garden that concern a shoot.</summary>
public sealed record ClusterSpec
{
    /// <summary>The shoot; absent when gardenlet did not write it, which only deletion and migration tolerate.</summary>
    public ClusterShoot? Shoot { get; init; }
}

/// <summary>
/// What is read of the Shoot inside a Cluster. Fields of an unexpected JSON type count as absent: a Shoot is the garden's to
/// validate, and one odd field must not stop a shoot from being deleted.
/// </summary>
[System.Text.Json.Serialization.JsonConverter(typeof(ClusterShootConverter))]
public sealed record ClusterShoot
{
    /// <summary>The shoot's name in its project; for messages only.</summary>
    public string? Name { get; init; }

    /// <summary>The project's namespace in the garden; for messages only.</summary>
    public string? Namespace { get; init; }

    /// <summary>The shoot is being deleted.</summary>
    public bool IsBeingDeleted { get; init; }

    /// <summary>The owner confirmed <see cref="GardenerAnnotations.ForceDeletion"/>: nothing may wait for the shoot's control plane.</summary>
    public bool NeedsForceDeletion { get; init; }

    /// <summary>The shoot is hibernated, or about to be: nobody applies or deletes objects in it.</summary>
    public bool IsHibernated { get; init; }

    /// <summary>The worker pools (<c>spec.provider.workers</c>) by name.</summary>
    public ImmutableSortedDictionary<string, ClusterWorkerPool> WorkerPools { get; init; } = ImmutableSortedDictionary<string, ClusterWorkerPool>.Empty;

    /// <summary><c>status.lastOperation.state</c> is <c>Failed</c>: gardenlet has given up until somebody acts.</summary>
    public bool HasFailed { get; init; }
}

/// <summary>What is read of a worker pool inside a Shoot.</summary>
public sealed record ClusterWorkerPool
{
    /// <summary>The most nodes that it may have; null when it does not say.</summary>
    public int? Maximum { get; init; }

    /// <summary>The architecture of its machines, <c>amd64</c> or <c>arm64</c>; null when it does not say, which Gardener takes for <c>amd64</c>.</summary>
    public string? Architecture { get; init; }
}
