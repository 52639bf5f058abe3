// SPDX-License-Identifier: Apache-2.0

using Kubernetes.Controllers.Client;

namespace Kubernetes.Controllers.Caching;

/// <summary>The objects that an informer knows. Reading never blocks, waits or asks the server; objects must not be changed.</summary>
/// <typeparam name="T">The type of the objects.</typeparam>
public interface IObjectStore<out T>
    where T : class
{
    /// <summary>Whether the first list is complete. Before that, absence means nothing.</summary>
    bool HasSynced { get; }

    /// <summary>All objects.</summary>
    IReadOnlyCollection<T> All { get; }

    /// <summary>The object with this key; null if the cache does not have it.</summary>
    T? Find(ObjectKey key);

    /// <summary>The objects of a namespace.</summary>
    IReadOnlyCollection<T> InNamespace(string @namespace);
}
