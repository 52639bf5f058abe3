// SPDX-License-Identifier: Apache-2.0

using k8s;
using k8s.Models;

namespace Kubernetes.Controllers.Client;

/// <summary>The Kubernetes API, as a controller uses it. Every read goes to the server; caches are informers.</summary>
/// <remarks>
/// Every method throws <see cref="ApiException"/> for an error that the server answers with, <see cref="HttpRequestException"/> when there is no
/// answer or it breaks off, and <see cref="TimeoutException"/> when it takes too long. There is no client-side throttle: priority and fairness are the server's job.
/// </remarks>
public interface IApiClient
{
    /// <summary>Reads one object; null if it does not exist.</summary>
    Task<T?> FindAsync<T>(ResourceDefinition<T> resource, ObjectKey key, CancellationToken cancellationToken)
        where T : class, IKubernetesObject<V1ObjectMeta>;

    /// <summary>Reads one page of a list, handing over each object as soon as it has arrived, so that a page is never in memory as a whole.</summary>
    /// <param name="resource">The resource.</param>
    /// <param name="namespace">The namespace to read; null or empty for all namespaces.</param>
    /// <param name="options">Selectors, page size and the page to read.</param>
    /// <param name="receive">Gets every object of the page, also one that cannot be decoded.</param>
    /// <param name="cancellationToken">Cancels the request.</param>
    Task<ListPage> ReadPageAsync<T>(
        ResourceDefinition<T> resource, string? @namespace, ListOptions options, Action<Decoded<T>> receive, CancellationToken cancellationToken)
        where T : class, IKubernetesObject<V1ObjectMeta>;

    /// <summary>
    /// Reports changes, with bookmarks, until the server ends the watch. The first one is a bookmark at the version asked for: it says that the
    /// server has begun the watch. Enumerating it once is one request. A server that has refused
    /// <see cref="WatchOptions.SendInitialEvents"/> once with 422 is not asked for it again: the same exception comes at once.
    /// </summary>
    IAsyncEnumerable<Decoded<T>> WatchAsync<T>(ResourceDefinition<T> resource, string? @namespace, WatchOptions options, CancellationToken cancellationToken)
        where T : class, IKubernetesObject<V1ObjectMeta>;

    /// <summary>Creates an object in the namespace that its metadata names.</summary>
    /// <exception cref="ApiException">With <see cref="ApiException.IsAlreadyExists"/> if there is one of that name.</exception>
    Task<T> CreateAsync<T>(ResourceDefinition<T> resource, T value, CancellationToken cancellationToken)
        where T : class, IKubernetesObject<V1ObjectMeta>;

    /// <summary>Changes an object, or a subresource of it (<c>status</c>).</summary>
    /// <returns>The object as the server has it now; it replaces what the caller knew, its version included.</returns>
    Task<T> PatchAsync<T>(ResourceDefinition<T> resource, ObjectKey key, Patch patch, string? subresource, CancellationToken cancellationToken)
        where T : class, IKubernetesObject<V1ObjectMeta>;

    /// <summary>Deletes an object.</summary>
    /// <param name="resource">The resource.</param>
    /// <param name="key">Namespace and name of the object.</param>
    /// <param name="propagation">What happens to the objects that it owns; null leaves it to the server.</param>
    /// <param name="cancellationToken">Cancels the request.</param>
    /// <returns>
    /// Null if it is gone now (also if it did not exist); the object if finalizers still hold it. For some kinds, Pods and Services among them, the
    /// server answers with the object although it is gone.
    /// </returns>
    Task<T?> DeleteAsync<T>(ResourceDefinition<T> resource, ObjectKey key, DeletionPropagation? propagation, CancellationToken cancellationToken)
        where T : class, IKubernetesObject<V1ObjectMeta>;
}
