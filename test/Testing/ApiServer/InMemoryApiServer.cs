// SPDX-License-Identifier: Apache-2.0

using System.Globalization;
using System.Net;
using System.Runtime.CompilerServices;
using System.Text.Json;
using System.Text.Json.Nodes;
using Kubernetes.Controllers.Caching;
using Kubernetes.Controllers.Client;
using k8s;
using k8s.Models;

namespace Testing.ApiServer;

/// <summary>
/// Answers as a Kubernetes API server does: versions and optimistic locks, generations, merge patches, finalizers, the status
/// subresource, immutable secrets, watches. Objects are kept as JSON, so that fields survive which the extension has no type for.
/// </summary>
public sealed class InMemoryApiServer(TimeProvider time) : IApiClient
{
    private readonly Dictionary<(string Resource, ObjectKey Key), JsonObject> _objects = [];
    private readonly List<ApiRequest> _requests = [];
    private readonly List<RecordedChange> _changes = [];
    private readonly Lock _lock = new();
    private TaskCompletionSource _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private long _version = 100;

    /// <summary>Every request but watches, since the start or since <see cref="Forget"/>.</summary>
    public IReadOnlyList<ApiRequest> Requests
    {
        get
        {
            lock (_lock)
            {
                return [.. _requests];
            }
        }
    }

    /// <summary>The requests that change something.</summary>
    public IEnumerable<ApiRequest> Writes => Requests.Where(request => request.IsWrite);

    /// <summary>Called before a request is carried out; an exception from here is the answer and nothing happens.</summary>
    public Action<ApiRequest>? Before { get; set; }

    /// <summary>Called after a request was carried out; an exception from here loses the answer.</summary>
    public Action<ApiRequest>? After { get; set; }

    public void Forget()
    {
        lock (_lock)
        {
            _requests.Clear();
        }
    }

    /// <summary>Puts an object there as somebody else would, without it being a request.</summary>
    public void Add<T>(ResourceDefinition<T> resource, string json)
        where T : class, IKubernetesObject<V1ObjectMeta>
    {
        lock (_lock)
        {
            Insert(resource.Plural, JsonNode.Parse(json)!.AsObject());
        }
    }

    /// <summary>Changes an object as somebody else would, status included.</summary>
    public void Change<T>(ResourceDefinition<T> resource, ObjectKey key, string mergePatch, string? subresource = null)
        where T : class, IKubernetesObject<V1ObjectMeta> =>
        Locked(() => Update(resource.Plural, key, JsonNode.Parse(mergePatch)!.AsObject(), subresource));

    /// <summary>Deletes an object as somebody else would.</summary>
    public void Remove<T>(ResourceDefinition<T> resource, ObjectKey key)
        where T : class, IKubernetesObject<V1ObjectMeta> => Locked(() => MarkDeleted(resource.Plural, key));

    /// <summary>The object as it is stored, or null.</summary>
    public JsonObject? Json<T>(ResourceDefinition<T> resource, ObjectKey key)
        where T : class, IKubernetesObject<V1ObjectMeta> =>
        Locked(() => _objects.GetValueOrDefault((resource.Plural, key))?.DeepClone().AsObject());

    /// <summary>The object in its type, or null.</summary>
    public T? Get<T>(ResourceDefinition<T> resource, ObjectKey key)
        where T : class, IKubernetesObject<V1ObjectMeta> =>
        Locked(() => _objects.GetValueOrDefault((resource.Plural, key))?.Deserialize(resource.TypeInfo));

    /// <summary>All objects of a resource.</summary>
    public IReadOnlyList<T> All<T>(ResourceDefinition<T> resource)
        where T : class, IKubernetesObject<V1ObjectMeta> =>
        Locked(() => _objects.Where(entry => entry.Key.Resource == resource.Plural).Select(entry => entry.Value.Deserialize(resource.TypeInfo)!).ToList());

    /// <summary>All objects with all their fields but the versions, for comparison.</summary>
    public string State()
    {
        var state = new JsonObject();
        foreach (var ((resource, key), value) in _objects.OrderBy(entry => $"{entry.Key.Resource} {entry.Key.Key}", StringComparer.Ordinal))
        {
            var copy = value.DeepClone().AsObject();
            foreach (var field in (string[])["resourceVersion", "uid", "creationTimestamp"])
            {
                copy["metadata"]!.AsObject().Remove(field);
            }

            state[$"{resource} {key}"] = copy;
        }

        return state.ToJsonString(new JsonSerializerOptions { WriteIndented = true });
    }

    /// <summary>A cache that has everything at once.</summary>
    public IObjectStore<T> LiveCache<T>(ResourceDefinition<T> resource)
        where T : class, IKubernetesObject<V1ObjectMeta> => new Cache<T>(() => All(resource));

    /// <summary>A cache that lags: it shows the objects of this moment.</summary>
    public IObjectStore<T> LaggingCache<T>(ResourceDefinition<T> resource)
        where T : class, IKubernetesObject<V1ObjectMeta>
    {
        var now = All(resource);
        return new Cache<T>(() => now);
    }

    public Task<T?> FindAsync<T>(ResourceDefinition<T> resource, ObjectKey key, CancellationToken cancellationToken)
        where T : class, IKubernetesObject<V1ObjectMeta> =>
        Answer("get", resource, key, null, null, () => Get(resource, key), cancellationToken);

    public Task<T> CreateAsync<T>(ResourceDefinition<T> resource, T value, CancellationToken cancellationToken)
        where T : class, IKubernetesObject<V1ObjectMeta>
    {
        var body = JsonSerializer.SerializeToNode(value, resource.TypeInfo)!.AsObject();
        return Answer("create", resource, KeyOf(body), null, body, () =>
        {
            if ((string?)body["apiVersion"] != resource.ApiVersion || (string?)body["kind"] != resource.Kind)
            {
                throw new InvalidOperationException($"The server refuses an object without its API version and kind: {body.ToJsonString()}");
            }

            body.Remove("status");
            Insert(resource.Plural, body);
            return Get(resource, KeyOf(body))!;
        }, cancellationToken);
    }

    public Task<T> PatchAsync<T>(
        ResourceDefinition<T> resource, ObjectKey key, Patch patch, string? subresource, CancellationToken cancellationToken)
        where T : class, IKubernetesObject<V1ObjectMeta>
    {
        if (patch.ContentType != "application/merge-patch+json")
        {
            throw new NotSupportedException($"Patches of type {patch.ContentType} are not implemented.");
        }

        var body = JsonNode.Parse(patch.Body.Span)!.AsObject();
        return Answer("patch", resource, key, subresource, body, () =>
            Update(resource.Plural, key, body, subresource).Deserialize(resource.TypeInfo)!, cancellationToken);
    }

    public Task<T?> DeleteAsync<T>(
        ResourceDefinition<T> resource, ObjectKey key, DeletionPropagation? propagation, CancellationToken cancellationToken)
        where T : class, IKubernetesObject<V1ObjectMeta> => propagation is null
        ? Answer("delete", resource, key, null, null, () =>
        {
            MarkDeleted(resource.Plural, key);
            return Get(resource, key);
        }, cancellationToken)
        : throw new NotSupportedException("Dependents are not implemented.");

    public Task<ListPage> ReadPageAsync<T>(
        ResourceDefinition<T> resource, string? @namespace, ListOptions options, Action<Decoded<T>> receive, CancellationToken cancellationToken)
        where T : class, IKubernetesObject<V1ObjectMeta> =>
        Answer("list", resource, new ObjectKey(@namespace ?? "", ""), null, null, () =>
        {
            foreach (var item in Locked(() => _objects.Where(entry => IsIn(entry.Key)).Select(entry => Decode(resource, entry.Key.Key, entry.Value)).ToList())
                .Where(item => item.Object is null || IsSelected(item.Object, options.LabelSelector)))
            {
                receive(item);
            }

            return new ListPage(VersionText(), null);

            bool IsIn((string Resource, ObjectKey Key) entry) =>
                entry.Resource == resource.Plural && (string.IsNullOrEmpty(@namespace) || entry.Key.Namespace == @namespace);
        }, cancellationToken);

    public async IAsyncEnumerable<Decoded<T>> WatchAsync<T>(
        ResourceDefinition<T> resource, string? @namespace, WatchOptions options, [EnumeratorCancellation] CancellationToken cancellationToken)
        where T : class, IKubernetesObject<V1ObjectMeta>
    {
        if (options.SendInitialEvents)
        {
            throw new ApiException(HttpStatusCode.UnprocessableEntity, "Invalid", "sendInitialEvents is forbidden for watch");
        }

        var start = long.Parse(options.ResourceVersion!, CultureInfo.InvariantCulture);
        var seen = 0;
        while (true)
        {
            var (changes, next) = Locked(() => (_changes[seen..], _changed.Task));
            seen += changes.Count;
            foreach (var change in changes.Where(change => change.Resource == resource.Plural && change.Version > start))
            {
                var value = change.Object.Deserialize(resource.TypeInfo)!;
                if (IsSelected(value, options.LabelSelector))
                {
                    yield return new Decoded<T>(change.Type, value, value.Metadata.ResourceVersion);
                }
            }

            await next.WaitAsync(cancellationToken);
        }
    }

    private static ObjectKey KeyOf(JsonObject value) =>
        new((string?)value["metadata"]?["namespace"] ?? "", (string?)value["metadata"]?["name"] ?? "");

    private static bool HasStatusSubresource(string resource) => resource is "containerruntimes" or "managedresources";

    private static bool HasGeneration(string resource) => resource is "containerruntimes" or "managedresources" or "clusters";

    /// <summary>Of label selectors only <c>name=value</c>.</summary>
    private static bool IsSelected(IMetadata<V1ObjectMeta> value, string? selector) =>
        selector?.Split('=') is not [var label, var wanted]
        || (value.Metadata.Labels is { } labels && labels.TryGetValue(label, out var actual) && actual == wanted);

    private static Decoded<T> Decode<T>(ResourceDefinition<T> resource, ObjectKey key, JsonObject value)
        where T : class, IKubernetesObject<V1ObjectMeta>
    {
        var version = (string?)value["metadata"]!["resourceVersion"];
        try
        {
            return new Decoded<T>(WatchEventType.Added, value.Deserialize(resource.TypeInfo), version);
        }
        catch (JsonException exception)
        {
            var uid = (string?)value["metadata"]!["uid"];
            return new Decoded<T>(
                WatchEventType.Added, null, version, new UndecodableObject(key, uid, null, version, $"it does not fit its type at {exception.Path}"));
        }
    }

    private async Task<TResult> Answer<T, TResult>(
        string verb,
        ResourceDefinition<T> resource,
        ObjectKey key,
        string? subresource,
        JsonNode? body,
        Func<TResult> carryOut,
        CancellationToken cancellationToken)
        where T : class, IKubernetesObject<V1ObjectMeta>
    {
        // The caller must not come to rely on answers that are there at once.
        await Task.Yield();
        cancellationToken.ThrowIfCancellationRequested();
        var request = new ApiRequest(verb, resource.Plural, key, subresource, body?.DeepClone());
        lock (_lock)
        {
            _requests.Add(request);
            Before?.Invoke(request);
            var answer = carryOut();
            After?.Invoke(request);
            return answer;
        }
    }

    private TResult Locked<TResult>(Func<TResult> read)
    {
        lock (_lock)
        {
            return read();
        }
    }

    private void Locked(Action write)
    {
        lock (_lock)
        {
            write();
        }
    }

    private void Report(WatchEventType type, string resource, JsonObject value)
    {
        _changes.Add(new RecordedChange(_version, type, resource, value.DeepClone().AsObject()));
        _changed.SetResult();
        _changed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
    }

    private void Insert(string resource, JsonObject value)
    {
        var key = KeyOf(value);
        if (_objects.ContainsKey((resource, key)))
        {
            throw new ApiException(HttpStatusCode.Conflict, "AlreadyExists", $"{resource} \"{key.Name}\" already exists");
        }

        var created = value.DeepClone().AsObject();
        var metadata = created["metadata"]!.AsObject();
        metadata["uid"] = Guid.NewGuid().ToString();
        metadata["creationTimestamp"] = Now();
        metadata["resourceVersion"] = NextVersion();
        if (HasGeneration(resource))
        {
            metadata["generation"] = 1L;
        }

        _objects[(resource, key)] = created;
        Report(WatchEventType.Added, resource, created);
    }

    private JsonObject Update(string resource, ObjectKey key, JsonObject patch, string? subresource)
    {
        if (!_objects.TryGetValue((resource, key), out var current))
        {
            throw new ApiException(HttpStatusCode.NotFound, "NotFound", $"{resource} \"{key.Name}\" not found");
        }

        if ((string?)patch["metadata"]?["resourceVersion"] is { } expected && expected != (string?)current["metadata"]!["resourceVersion"])
        {
            throw new ApiException(HttpStatusCode.Conflict, "Conflict", $"{resource} \"{key.Name}\": the object has been modified");
        }

        var changed = MergePatch.Apply(current, patch)!.AsObject();
        foreach (var (field, _) in current.ToArray().Concat(changed.ToArray()))
        {
            var isChangeable = HasStatusSubresource(resource) ? (field == "status") == (subresource == "status") : subresource is null;
            if (!isChangeable)
            {
                Restore(changed, current, field);
            }
        }

        if (subresource is null)
        {
            foreach (var field in (string[])["uid", "name", "namespace", "creationTimestamp", "deletionTimestamp", "generation", "resourceVersion"])
            {
                Restore(changed["metadata"]!.AsObject(), current["metadata"]!.AsObject(), field);
            }
        }

        Validate(resource, key, current, changed);
        if (JsonNode.DeepEquals(current, changed))
        {
            return current;
        }

        var metadata = changed["metadata"]!.AsObject();
        metadata["resourceVersion"] = NextVersion();
        if (HasGeneration(resource) && !JsonNode.DeepEquals(current["spec"], changed["spec"]))
        {
            metadata["generation"] = (long)metadata["generation"]! + 1;
        }

        if (metadata["deletionTimestamp"] is not null && metadata["finalizers"] is not JsonArray { Count: > 0 })
        {
            _objects.Remove((resource, key));
            Report(WatchEventType.Deleted, resource, changed);
        }
        else
        {
            _objects[(resource, key)] = changed;
            Report(WatchEventType.Modified, resource, changed);
        }

        return changed;
    }

    private static void Validate(string resource, ObjectKey key, JsonObject current, JsonObject changed)
    {
        var finalizers = (JsonObject value) => value["metadata"]!["finalizers"]?.AsArray().Select(name => (string?)name) ?? [];
        if (current["metadata"]!["deletionTimestamp"] is not null && finalizers(changed).Except(finalizers(current)).Any())
        {
            throw new ApiException(
                HttpStatusCode.UnprocessableEntity, "Invalid", $"{resource} \"{key.Name}\": no new finalizers can be added if the object is being deleted");
        }

        if (resource == "secrets" && (bool?)current["immutable"] == true && !JsonNode.DeepEquals(current["data"], changed["data"]))
        {
            throw new ApiException(HttpStatusCode.UnprocessableEntity, "Invalid", $"{resource} \"{key.Name}\": field is immutable when `immutable` is set");
        }
    }

    private void MarkDeleted(string resource, ObjectKey key)
    {
        if (!_objects.TryGetValue((resource, key), out var current))
        {
            return;
        }

        var metadata = current["metadata"]!.AsObject();
        var isHeld = metadata["finalizers"] is JsonArray { Count: > 0 };
        if (isHeld && metadata["deletionTimestamp"] is not null)
        {
            return;
        }

        metadata["resourceVersion"] = NextVersion();
        if (!isHeld)
        {
            _objects.Remove((resource, key));
            Report(WatchEventType.Deleted, resource, current);
            return;
        }

        metadata["deletionTimestamp"] = Now();
        if (HasGeneration(resource))
        {
            metadata["generation"] = (long)metadata["generation"]! + 1;
        }

        Report(WatchEventType.Modified, resource, current);
    }

    private static void Restore(JsonObject changed, JsonObject current, string field)
    {
        if (current[field] is { } value)
        {
            changed[field] = value.DeepClone();
        }
        else
        {
            changed.Remove(field);
        }
    }

    private string Now() => time.GetUtcNow().UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'");

    private string NextVersion()
    {
        _version++;
        return VersionText();
    }

    private string VersionText() => _version.ToString(CultureInfo.InvariantCulture);

    private sealed record RecordedChange(long Version, WatchEventType Type, string Resource, JsonObject Object);

    private sealed class Cache<T>(Func<IReadOnlyList<T>> objects) : IObjectStore<T>
        where T : class, IKubernetesObject<V1ObjectMeta>
    {
        public bool HasSynced => true;

        public IReadOnlyCollection<T> All => objects();

        public T? Find(ObjectKey key) => objects().FirstOrDefault(value => ObjectKey.Of(value) == key);

        public IReadOnlyCollection<T> InNamespace(string @namespace) =>
            [.. objects().Where(value => value.Metadata.NamespaceProperty == @namespace)];
    }
}
