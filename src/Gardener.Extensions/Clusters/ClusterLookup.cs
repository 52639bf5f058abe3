// SPDX-License-Identifier: Apache-2.0

using System.Collections.Concurrent;
using System.Globalization;
using Gardener.Extensions.Api;
using Kubernetes.Controllers.Caching;
using Kubernetes.Controllers.Client;

namespace Gardener.Extensions.Clusters;

/// <summary>
/// Finds what is known of the shoot that an extension object belongs to. Only the metadata of Clusters are cached; a Cluster is read when
/// an object needs it, and the answer serves all objects of its namespace.
/// </summary>
/// <remarks>
/// gardenlet writes the Cluster first and then asks by the objects' annotations, but the two arrive through different watches. So an answer
/// serves only the requests that were known when it was asked for: what is read then cannot be older than what gardenlet wrote before. A
/// change of the Cluster's version ends it, too, and so does its age, since the watch may lose a change.
/// </remarks>
/// <param name="objects">The cached extension objects.</param>
/// <param name="metadata">The cached metadata of the Clusters.</param>
/// <param name="api">The seed's API server.</param>
/// <param name="time">The age of answers.</param>
public sealed class ClusterLookup(
    IObjectStore<IExtensionObject> objects, IObjectStore<PartialObjectMetadata> metadata, IApiClient api, TimeProvider time)
{
    private static readonly TimeSpan MaxAge = TimeSpan.FromMinutes(5);

    private readonly ConcurrentDictionary<string, Answer> _answers = new(StringComparer.Ordinal);

    /// <summary>The Cluster of the object's namespace, or null. It is not older than what the object asks for.</summary>
    public async Task<Cluster?> FindAsync(IExtensionObject value, CancellationToken cancellationToken)
    {
        var @namespace = value.Metadata.NamespaceProperty;
        var key = new ObjectKey("", @namespace);
        var request = OperationRequest.Of(value);
        if (_answers.TryGetValue(@namespace, out var known) && known.Serves(request)
            && time.GetElapsedTime(known.ReadAt) < MaxAge && IsNewest(known.Cluster, metadata.Find(key)))
        {
            return known.Cluster;
        }

        OperationRequest[] requests = [request, .. objects.InNamespace(@namespace).Select(OperationRequest.Of)];
        var readAt = time.GetTimestamp();
        var cluster = await api.FindAsync(GardenerResources.Clusters, key, cancellationToken);
        if (cluster is null)
        {
            _answers.TryRemove(@namespace, out _);
            return null;
        }

        _answers[@namespace] = new Answer(cluster, requests, readAt);
        return cluster;
    }

    /// <summary>The Cluster is gone, and what was read of it is of no use any more.</summary>
    public void Forget(string @namespace) => _answers.TryRemove(@namespace, out _);

    /// <summary>
    /// A deletion may wait for nothing: the shoot's owner confirmed it, or the Cluster is gone and the namespace is going too.
    /// </summary>
    public async Task<bool> NeedsForceDeletionAsync(string @namespace, Cluster? cluster, CancellationToken cancellationToken)
    {
        if (cluster is not null)
        {
            return cluster.Spec.Shoot?.NeedsForceDeletion == true;
        }

        var seedNamespace = await api.FindAsync(GardenerResources.Namespaces, new ObjectKey("", @namespace), cancellationToken);
        return seedNamespace?.Metadata.DeletionTimestamp is not null;
    }

    /// <summary>Says why an object cannot be reconciled.</summary>
    public static string MissingShoot(IExtensionObject value, Cluster? cluster) => cluster is null
        ? $"Cluster '{value.Metadata.NamespaceProperty}' not found: gardenlet must write it before the objects of namespace '{value.Metadata.NamespaceProperty}'"
        : $"Cluster '{cluster.Metadata.Name}' has no shoot: field 'spec.shoot' must hold an object of kind Shoot";

    /// <summary>The watch may lag behind what was read, but must not have shown anything newer, or the end of the Cluster.</summary>
    private static bool IsNewest(Cluster cluster, PartialObjectMetadata? watched) =>
        watched is not null
        && watched.Metadata.Uid == cluster.Metadata.Uid
        && (watched.Metadata.ResourceVersion == cluster.Metadata.ResourceVersion
            || (VersionOf(watched.Metadata.ResourceVersion) is { } seen && seen < VersionOf(cluster.Metadata.ResourceVersion)));

    /// <summary>Versions of one resource are ordered. One that is no number compares as unknown, and the Cluster is read again.</summary>
    private static ulong? VersionOf(string? resourceVersion) =>
        ulong.TryParse(resourceVersion, NumberStyles.None, CultureInfo.InvariantCulture, out var version) ? version : null;

    private sealed record Answer(Cluster Cluster, OperationRequest[] Requests, long ReadAt)
    {
        public bool Serves(OperationRequest request) => Array.Exists(Requests, request.IsSameAs);
    }
}
