// SPDX-License-Identifier: Apache-2.0

using System.Globalization;
using System.Net;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization.Metadata;
using Kubernetes.Controllers.Client;
using k8s;
using k8s.Models;

namespace Kubernetes.Controllers.Tests.Testing;

/// <summary>One object in memory, with the API server's rules for versions, creation and merge patches; and switches for its faults.</summary>
public sealed class FakeLeases : IApiClient
{
    private readonly Lock _lock = new();
    private JsonObject? _stored;
    private int _version;

    /// <summary>Thrown by every call while it is set.</summary>
    public Exception? Fault { get; set; }

    /// <summary>Calls hang until they are cancelled while this is set.</summary>
    public bool Hangs { get; set; }

    /// <summary>Called before a patch is carried out.</summary>
    public Action? BeforePatch { get; set; }

    public int Calls { get; private set; }

    public JsonObject? Spec
    {
        get
        {
            lock (_lock)
            {
                return _stored?["spec"]?.DeepClone().AsObject();
            }
        }
    }

    public string? Holder => (string?)Spec?["holderIdentity"];

    /// <summary>Changes the object as somebody else.</summary>
    public void Edit(JsonObject change)
    {
        lock (_lock)
        {
            _stored ??= new JsonObject { ["metadata"] = new JsonObject { ["namespace"] = "garden", ["name"] = "lease" } };
            Merge(_stored, change);
            _stored["metadata"]!["resourceVersion"] = (++_version).ToString(CultureInfo.InvariantCulture);
        }
    }

    public async Task<T?> FindAsync<T>(ResourceDefinition<T> resource, ObjectKey key, CancellationToken cancellationToken)
        where T : class, IKubernetesObject<V1ObjectMeta>
    {
        await FaultAsync(cancellationToken);
        lock (_lock)
        {
            return _stored is null ? null : Read(resource.TypeInfo);
        }
    }

    public async Task<T> CreateAsync<T>(ResourceDefinition<T> resource, T value, CancellationToken cancellationToken)
        where T : class, IKubernetesObject<V1ObjectMeta>
    {
        await FaultAsync(cancellationToken);
        lock (_lock)
        {
            if (_stored is not null)
            {
                throw new ApiException(HttpStatusCode.Conflict, "AlreadyExists", "exists");
            }

            Edit(JsonSerializer.SerializeToNode(value, resource.TypeInfo)!.AsObject());
            return Read(resource.TypeInfo);
        }
    }

    public async Task<T> PatchAsync<T>(ResourceDefinition<T> resource, ObjectKey key, Patch patch, string? subresource, CancellationToken cancellationToken)
        where T : class, IKubernetesObject<V1ObjectMeta>
    {
        await FaultAsync(cancellationToken);
        lock (_lock)
        {
            if (_stored is null)
            {
                throw new ApiException(HttpStatusCode.NotFound, "NotFound", "not found");
            }

            BeforePatch?.Invoke();
            var body = JsonNode.Parse(patch.Body.Span)!.AsObject();
            if (body["metadata"]?["resourceVersion"] is { } version && (string?)version != (string?)_stored["metadata"]!["resourceVersion"])
            {
                throw new ApiException(HttpStatusCode.Conflict, "Conflict", "changed");
            }

            Edit(body);
            return Read(resource.TypeInfo);
        }
    }

    public Task<ListPage> ReadPageAsync<T>(
        ResourceDefinition<T> resource, string? @namespace, ListOptions options, Action<Decoded<T>> receive, CancellationToken cancellationToken)
        where T : class, IKubernetesObject<V1ObjectMeta> => throw new NotSupportedException();

    public IAsyncEnumerable<Decoded<T>> WatchAsync<T>(
        ResourceDefinition<T> resource, string? @namespace, WatchOptions options, CancellationToken cancellationToken)
        where T : class, IKubernetesObject<V1ObjectMeta> => throw new NotSupportedException();

    public Task<T?> DeleteAsync<T>(ResourceDefinition<T> resource, ObjectKey key, DeletionPropagation? propagation, CancellationToken cancellationToken)
        where T : class, IKubernetesObject<V1ObjectMeta> => throw new NotSupportedException();

    private static void Merge(JsonObject target, JsonObject change)
    {
        foreach (var (name, value) in change)
        {
            if (value is null)
            {
                target.Remove(name);
            }
            else if (value is JsonObject inner && target[name] is JsonObject existing)
            {
                Merge(existing, inner);
            }
            else
            {
                target[name] = value.DeepClone();
            }
        }
    }

    private T Read<T>(JsonTypeInfo<T> typeInfo) => _stored.Deserialize(typeInfo)!;

    private async Task FaultAsync(CancellationToken cancellationToken)
    {
        Calls++;
        if (Hangs)
        {
            await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, cancellationToken);
        }

        if (Fault is { } fault)
        {
            throw fault;
        }
    }
}
