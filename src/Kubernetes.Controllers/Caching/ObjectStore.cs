// SPDX-License-Identifier: Apache-2.0

using Kubernetes.Controllers.Client;
using k8s;
using k8s.Models;

namespace Kubernetes.Controllers.Caching;

/// <summary>Objects by namespace and name. Only its informer writes; anyone may read at any time.</summary>
internal sealed class ObjectStore<T> : IObjectStore<T>
    where T : class, IKubernetesObject<V1ObjectMeta>
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, Dictionary<string, T>> _namespaces = new(StringComparer.Ordinal);
    private volatile bool _hasSynced;

    public bool HasSynced
    {
        get => _hasSynced;
        set => _hasSynced = value;
    }

    public IReadOnlyCollection<T> All
    {
        get
        {
            lock (_lock)
            {
                return [.. _namespaces.Values.SelectMany(objects => objects.Values)];
            }
        }
    }

    public T? Find(ObjectKey key)
    {
        lock (_lock)
        {
            return _namespaces.TryGetValue(key.Namespace, out var objects) ? objects.GetValueOrDefault(key.Name) : null;
        }
    }

    public IReadOnlyCollection<T> InNamespace(string @namespace)
    {
        lock (_lock)
        {
            return _namespaces.TryGetValue(@namespace, out var objects) ? [.. objects.Values] : [];
        }
    }

    /// <returns>What was there before.</returns>
    public T? Set(ObjectKey key, T value)
    {
        lock (_lock)
        {
            if (!_namespaces.TryGetValue(key.Namespace, out var objects))
            {
                objects = new Dictionary<string, T>(StringComparer.Ordinal);
                _namespaces.Add(key.Namespace, objects);
            }

            var previous = objects.GetValueOrDefault(key.Name);
            objects[key.Name] = value;
            return previous;
        }
    }

    /// <returns>What was there before.</returns>
    public T? Remove(ObjectKey key)
    {
        lock (_lock)
        {
            if (!_namespaces.TryGetValue(key.Namespace, out var objects) || !objects.Remove(key.Name, out var previous))
            {
                return null;
            }

            if (objects.Count == 0)
            {
                _namespaces.Remove(key.Namespace);
            }

            return previous;
        }
    }
}
