// SPDX-License-Identifier: Apache-2.0

using Gardener.Extensions.Api;
using Kubernetes.Controllers.Caching;
using Kubernetes.Controllers.Client;

namespace Gardener.Extensions.Clusters;

/// <summary>Finds what is known of the shoot that a namespace of the seed belongs to.</summary>
/// <param name="clusters">The cached Clusters.</param>
/// <param name="api">The seed's API server, asked when the cache has no answer.</param>
public sealed class ClusterLookup(IObjectStore<Cluster> clusters, IApiClient api)
{
    /// <summary>
    /// The Cluster of a shoot namespace, or null. gardenlet writes it before the first extension object, but the two arrive through
    /// different watches: a missing one is asked for again.
    /// </summary>
    public async Task<Cluster?> FindAsync(string @namespace, CancellationToken cancellationToken)
    {
        var key = new ObjectKey("", @namespace);
        return clusters.Find(key) ?? await api.FindAsync(GardenerResources.Clusters, key, cancellationToken);
    }

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
}
