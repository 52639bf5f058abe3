// SPDX-License-Identifier: Apache-2.0

using System.Diagnostics.CodeAnalysis;
using System.Net;
using System.Text.Json;
using Hosting.Logging;
using Hosting.Metrics;
using Kubernetes.Controllers.Client;
using Kubernetes.Controllers.Queueing;
using Microsoft.Extensions.Logging;
using k8s;
using k8s.Models;

namespace Kubernetes.Controllers.Caching;

/// <summary>A cache of a resource that follows the API server and reports every change.</summary>
/// <remarks>
/// Where the server offers it, one watch first brings the objects that there are and then the changes; elsewhere a list comes before the watch. After a
/// broken or ended watch the next one goes on where it stopped. Only when the server answers that it no longer has that version, the objects are asked
/// for again; the difference to the cache is then reported like any other change, deletions included. An object that cannot be decoded is left out,
/// counted, logged and told to those who want to know, once for each of its versions; what the cache has of it stays until it is deleted. Handlers are called
/// one after the other and must be quick.
/// </remarks>
/// <typeparam name="T">The type of the objects.</typeparam>
public sealed partial class Informer<T> : IInformer
    where T : class, IKubernetesObject<V1ObjectMeta>
{
    // What the server answers so often in a row to a watch, it will answer again; perhaps its history is another one now.
    private const int RefusalsBeforeSync = 5;
    private static readonly TimeSpan InitialBackOff = TimeSpan.FromMilliseconds(800);
    private static readonly TimeSpan MaxBackOff = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan MinWatch = TimeSpan.FromSeconds(1);

    private readonly IApiClient _client;
    private readonly ResourceDefinition<T> _resource;
    private readonly InformerOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly InformerMetrics? _metrics;
    private readonly ObjectStore<T> _store = new();
    private readonly List<Action<InformerEvent<T>>> _handlers = [];
    private readonly List<Action<UndecodableObject>> _undecodableHandlers = [];
    private readonly Dictionary<ObjectKey, string?> _undecodable = [];
    private readonly TaskCompletionSource _synced = new(TaskCreationOptions.RunContinuationsAsynchronously);

    // Held while the cache changes and the change is reported, so that the resync does not mix in.
    private readonly Lock _changes = new();
    private volatile bool _isRunning;
    private volatile string? _failure;
    private int _failures;
    private int _refusals;

    // The state of the server that the cache shows; null before the first sync.
    private string? _resourceVersion;

    // The watch cannot go on from there, so that the objects must be asked for again.
    private bool _mustSync = true;

    // Not even a list can be had at that version or a later one.
    private bool _isVersionRefused;

    // The server does not send what there is in a watch.
    private bool _isWatchListRefused;

    // What has been reported of the objects that there are, while they are asked for; the default key stands for an object without a readable name.
    private HashSet<ObjectKey>? _listed;

    /// <summary>An empty cache; nothing is sent before <see cref="RunAsync"/>.</summary>
    /// <param name="client">The API server.</param>
    /// <param name="resource">The resource to cache.</param>
    /// <param name="options">What is cached.</param>
    /// <param name="time">Delays and time-outs.</param>
    /// <param name="logger">Gets failures.</param>
    /// <param name="metrics">Gets the numbers of failures; null for none.</param>
    public Informer(
        IApiClient client, ResourceDefinition<T> resource, InformerOptions options, TimeProvider time, ILogger logger, MetricRegistry? metrics = null)
    {
        _client = client;
        _resource = resource;
        _options = options;
        _time = time;
        _logger = logger;
        _metrics = metrics is null ? null : new InformerMetrics(metrics, Resource);
    }

    /// <summary>What the informer knows.</summary>
    public IObjectStore<T> Store => _store;

    /// <inheritdoc/>
    public string Resource => _resource.Group.Length == 0 ? _resource.Plural : $"{_resource.Plural}.{_resource.Group}";

    /// <inheritdoc/>
    public bool HasSynced => _store.HasSynced;

    /// <inheritdoc/>
    public string? Failure => _failure;

    /// <summary>Adds a handler that gets every change, beginning with the first list.</summary>
    /// <exception cref="InvalidOperationException">The informer runs already, so the handler would miss changes.</exception>
    public void AddHandler(Action<InformerEvent<T>> handler)
    {
        if (_isRunning)
        {
            throw new InvalidOperationException($"The informer of {Resource} runs already.");
        }

        _handlers.Add(handler);
    }

    /// <summary>Adds a handler that is told of every version of an object that cannot be decoded, so that its owner can learn of it.</summary>
    public void AddUndecodableHandler(Action<UndecodableObject> handler) => _undecodableHandlers.Add(handler);

    /// <inheritdoc/>
    public Task WaitForSyncAsync(CancellationToken cancellationToken) => _synced.Task.WaitAsync(cancellationToken);

    /// <inheritdoc/>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        _isRunning = true;
        var resync = ResyncAsync(cancellationToken);
        try
        {
            while (true)
            {
                await FollowAsync(cancellationToken);
            }
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            await resync.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    /// <summary>Brings the cache up to date, if needed, and follows the changes; after a failure, a pause.</summary>
    private async Task FollowAsync(CancellationToken cancellationToken)
    {
        try
        {
            if (_mustSync && _isWatchListRefused)
            {
                await ListAsync(cancellationToken);
            }

            await WatchAsync(cancellationToken);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            throw;
        }
        catch (ApiException exception) when (_mustSync && !_isWatchListRefused && exception.IsInvalid)
        {
            _isWatchListRefused = true;
        }
        catch (Exception exception)
        {
            await RecoverAsync(exception, cancellationToken);
        }
    }

    private async Task RecoverAsync(Exception exception, CancellationToken cancellationToken)
    {
        var answer = exception as ApiException;
        _failures++;
        if (_mustSync)
        {
            // 504 says that the server has not got that far, which never changes if its data come from a backup.
            _isVersionRefused |= answer is { IsGone: true } or { StatusCode: HttpStatusCode.GatewayTimeout or HttpStatusCode.BadRequest };
        }
        else
        {
            // A server that cannot be reached still has the version when it is back: only an answer counts.
            _refusals += answer is not null || exception is JsonException ? 1 : 0;
            _mustSync = answer is { IsGone: true } || _refusals >= RefusalsBeforeSync;
        }

        if (answer is { IsGone: true } && _failures == 1)
        {
            LogExpired(Resource, exception.Message);
            return;
        }

        _failure = exception.Describe();
        _metrics?.Failures.Increment();
        LogFailure(Resource, _failures, exception);
        var delay = BackOff.Exponential(InitialBackOff, MaxBackOff, _failures - 1, jitter: 1);
        await Task.Delay(answer?.RetryAfter > delay ? answer.RetryAfter.Value : delay, _time, cancellationToken);
    }

    private async Task ListAsync(CancellationToken cancellationToken)
    {
        // As client-go: the first list may be of any age, later ones must not go back behind what the cache shows. The server has both in its memory;
        // it asks its database for the newest state, and for the pages of a list at a version.
        var version = _isVersionRefused ? null : _resourceVersion ?? "0";
        var options = new ListOptions
        {
            PageSize = version is null or "0" ? _options.PageSize : 0,
            LabelSelector = _options.LabelSelector,
            ResourceVersion = version,
        };
        _listed = [];
        while (true)
        {
            var page = await _client.ReadPageAsync(_resource, _options.Namespace, options, Set, cancellationToken);
            if (page.Continue is not { } next)
            {
                EndSync(page.ResourceVersion);
                return;
            }

            options = options with { Continue = next };
        }
    }

    /// <summary>Follows the changes until the server ends the watch, which is normal, or nothing comes any more.</summary>
    private async Task WatchAsync(CancellationToken cancellationToken)
    {
        var started = _time.GetTimestamp();
        var version = _mustSync && _isVersionRefused ? null : _resourceVersion;
        var hasProgress = false;
        using var idle = new CancellationTokenSource(_options.ReadIdleTimeout, _time);
        using var cancellation = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, idle.Token);
        var options = new WatchOptions
        {
            ResourceVersion = version,
            SendInitialEvents = _mustSync,
            LabelSelector = _options.LabelSelector,

            // Spread, so that not all informers of a cluster come back at once.
            Timeout = TimeSpan.FromSeconds(Random.Shared.Next(300, 600)),
        };
        _listed = _mustSync ? [] : null;
        try
        {
            await foreach (var change in _client.WatchAsync(_resource, _options.Namespace, options, cancellation.Token))
            {
                idle.CancelAfter(_options.ReadIdleTimeout);
                _failure = null;
                Apply(change);
                if (!_mustSync && _resourceVersion != version)
                {
                    // Only progress counts: that the watch has begun does not say that it will last.
                    hasProgress = true;
                    _failures = _refusals = 0;
                }
            }
        }
        catch (OperationCanceledException) when (idle.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
            LogIdle(Resource, _options.ReadIdleTimeout);
        }

        if (_mustSync)
        {
            throw new HttpRequestException(HttpRequestError.ResponseEnded, "The watch ended before it had brought all objects.");
        }

        if (_time.GetElapsedTime(started) >= MinWatch)
        {
            _failures = _refusals = 0;
        }
        else if (!hasProgress)
        {
            throw new HttpRequestException(HttpRequestError.ResponseEnded, "The watch ended at once, without an event.");
        }
    }

    private void Apply(Decoded<T> change)
    {
        switch (change.Type)
        {
            case WatchEventType.Added or WatchEventType.Modified:
                Set(change);
                break;
            case WatchEventType.Deleted:
                Remove(change);
                break;
            case WatchEventType.InitialEventsEnd when _mustSync:
                EndSync(change.ResourceVersion);
                break;
            default:
                break;
        }

        // Objects that were there before the watch have versions of any age.
        _resourceVersion = _mustSync ? _resourceVersion : change.ResourceVersion ?? _resourceVersion;
    }

    private void Set(Decoded<T> change)
    {
        _listed?.Add(change.Key ?? default);
        if (change.Object is not { } value)
        {
            ReportUndecodable(change.Failure!);
            return;
        }

        var isInitial = !HasSynced;
        var key = ObjectKey.Of(value);
        _undecodable.Remove(key);
        lock (_changes)
        {
            var previous = _store.Set(key, value);
            if (previous is null)
            {
                Report(new InformerEvent<T>(InformerEventType.Added, value, null, isInitial, IsResync: false));
            }
            else if (previous.Metadata.Uid != value.Metadata.Uid)
            {
                // Deleted and created again while nobody watched.
                Report(new InformerEvent<T>(InformerEventType.Deleted, previous, previous, IsInInitialList: false, IsResync: false));
                Report(new InformerEvent<T>(InformerEventType.Added, value, null, isInitial, IsResync: false));
            }
            else if (previous.Metadata.ResourceVersion != value.Metadata.ResourceVersion)
            {
                Report(new InformerEvent<T>(InformerEventType.Updated, value, previous, isInitial, IsResync: false));
            }
        }
    }

    /// <summary>What can be told of the last state does not matter: the object is gone.</summary>
    private void Remove(Decoded<T> change)
    {
        if (change.Key is not { } key)
        {
            return;
        }

        _listed?.Remove(key);
        _undecodable.Remove(key);
        lock (_changes)
        {
            if (_store.Remove(key) is { } previous)
            {
                Report(new InformerEvent<T>(InformerEventType.Deleted, change.Object ?? previous, previous, IsInInitialList: false, IsResync: false));
            }
        }
    }

    private void EndSync(string? resourceVersion)
    {
        var listed = _listed!;
        _resourceVersion = resourceVersion ?? throw new JsonException("The list has no resourceVersion.");
        (_listed, _mustSync, _isVersionRefused) = (null, false, false);
        if (!listed.Contains(default))
        {
            RemoveAllBut(listed);
        }

        _store.HasSynced = true;
        _synced.TrySetResult();
        LogListed(Resource, listed.Count);
    }

    private void RemoveAllBut(HashSet<ObjectKey> listed)
    {
        lock (_changes)
        {
            foreach (var value in _store.All)
            {
                var key = ObjectKey.Of(value);
                if (!listed.Contains(key))
                {
                    _store.Remove(key);
                    Report(new InformerEvent<T>(InformerEventType.Deleted, value, value, IsInInitialList: false, IsResync: false));
                }
            }
        }

        foreach (var key in _undecodable.Keys.Where(key => !listed.Contains(key)).ToList())
        {
            _undecodable.Remove(key);
        }
    }

    private async Task ResyncAsync(CancellationToken cancellationToken)
    {
        if (_options.ResyncPeriod <= TimeSpan.Zero)
        {
            return;
        }

        await WaitForSyncAsync(cancellationToken);
        while (true)
        {
            await Task.Delay(_options.ResyncPeriod * (1 + (Random.Shared.NextDouble() / 10)), _time, cancellationToken);
            lock (_changes)
            {
                foreach (var value in _store.All)
                {
                    Report(new InformerEvent<T>(InformerEventType.Updated, value, value, IsInInitialList: false, IsResync: true));
                }
            }
        }
    }

    [SuppressMessage("Design", "CA1031:Do not catch general exception types", Justification = "A faulty handler must not stop the cache.")]
    private void Report(InformerEvent<T> change)
    {
        foreach (var handler in _handlers)
        {
            try
            {
                handler(change);
            }
            catch (Exception exception)
            {
                LogHandlerFailure(Resource, ObjectKey.Of(change.Object), exception);
            }
        }
    }

    [SuppressMessage("Design", "CA1031:Do not catch general exception types", Justification = "A faulty handler must not stop the cache.")]
    private void ReportUndecodable(UndecodableObject failure)
    {
        var key = failure.Key ?? default;
        if (_undecodable.TryGetValue(key, out var version) && version == failure.ResourceVersion)
        {
            return;
        }

        _undecodable[key] = failure.ResourceVersion;
        _metrics?.Undecodable.Increment();
        LogUndecodable(Resource, failure.Key?.ToString() ?? "", failure.ResourceVersion ?? "", failure.Reason);
        foreach (var handler in _undecodableHandlers)
        {
            try
            {
                handler(failure);
            }
            catch (Exception exception)
            {
                LogHandlerFailure(Resource, key, exception);
            }
        }
    }

    [LoggerMessage(LogLevel.Information, "Listed {Count} objects of {Resource}")]
    private partial void LogListed(string resource, int count);

    [LoggerMessage(LogLevel.Information, "Resource version of {Resource} expired, relisting: {Reason}")]
    private partial void LogExpired(string resource, string reason);

    [LoggerMessage(LogLevel.Information, "Nothing came from the watch of {Resource} for {Timeout}, starting it again")]
    private partial void LogIdle(string resource, TimeSpan timeout);

    [LoggerMessage(LogLevel.Error, "Cannot follow {Resource}, failure {Failures} in a row")]
    private partial void LogFailure(string resource, int failures, Exception exception);

    [LoggerMessage(LogLevel.Error, "Skipping an object of {Resource} that cannot be decoded, {Object} at version {Version}: {Reason}")]
    private partial void LogUndecodable(string resource, string @object, string version, string reason);

    [LoggerMessage(LogLevel.Error, "A handler of {Resource} failed for {Object}")]
    private partial void LogHandlerFailure(string resource, ObjectKey @object, Exception exception);
}
