// SPDX-License-Identifier: Apache-2.0

using System.Diagnostics.CodeAnalysis;
using System.Text.Json;
using Hosting.Logging;
using Hosting.Metrics;
using Kubernetes.Controllers.Client;
using Microsoft.Extensions.Logging;
using k8s;
using k8s.Models;

namespace Kubernetes.Controllers.Caching;

/// <summary>A cache of a resource that follows the API server by one list and then a watch, and reports every change.</summary>
/// <remarks>
/// After a broken or ended watch the next one goes on where it stopped. Only when the server no longer has that version is the resource listed again;
/// the difference to the cache is then reported like any other change, deletions included. Objects that do not fit their type are logged, counted and
/// left out. Handlers are called one after the other and must be quick.
/// </remarks>
/// <typeparam name="T">The type of the objects.</typeparam>
public sealed partial class Informer<T> : IInformer
    where T : class, IKubernetesObject<V1ObjectMeta>
{
    // A watch that fails so often in a row without any event is not worth resuming; perhaps the server's history has changed.
    private const int FailuresBeforeRelist = 5;
    private static readonly TimeSpan InitialBackOff = TimeSpan.FromMilliseconds(800);
    private static readonly TimeSpan MaxBackOff = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan ShortestHealthyWatch = TimeSpan.FromSeconds(1);

    private readonly IApiClient _client;
    private readonly ResourceDefinition<T> _resource;
    private readonly InformerOptions<T> _options;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly InformerMetrics? _metrics;
    private readonly ObjectStore<T> _store = new();
    private readonly List<Action<InformerEvent<T>>> _handlers = [];
    private readonly TaskCompletionSource _synced = new(TaskCreationOptions.RunContinuationsAsynchronously);

    // Held while the cache changes and the change is reported, so that the resync does not mix in.
    private readonly Lock _changes = new();
    private volatile bool _isRunning;
    private volatile string? _failure;
    private string? _resourceVersion;
    private int _failures;

    /// <summary>An empty cache; nothing is sent before <see cref="RunAsync"/>.</summary>
    /// <param name="client">The API server.</param>
    /// <param name="resource">The resource to cache.</param>
    /// <param name="options">What is cached.</param>
    /// <param name="time">Delays and time-outs.</param>
    /// <param name="logger">Gets failures.</param>
    /// <param name="metrics">Gets the numbers of failures; null for none.</param>
    public Informer(
        IApiClient client, ResourceDefinition<T> resource, InformerOptions<T> options, TimeProvider time, ILogger logger, MetricRegistry? metrics = null)
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

    /// <summary>One list, if needed, and one watch; after a failure, a pause.</summary>
    private async Task FollowAsync(CancellationToken cancellationToken)
    {
        try
        {
            _resourceVersion ??= await ListAsync(cancellationToken);
            await WatchAsync(_resourceVersion, cancellationToken);
            return;
        }
        catch (ApiException exception) when (exception.IsGone)
        {
            LogExpired(Resource, exception.Message);
            _resourceVersion = null;
            if (_failures++ == 0)
            {
                return;
            }
        }
        catch (Exception exception) when (!cancellationToken.IsCancellationRequested)
        {
            _failures++;
            _failure = exception.Describe();
            _metrics?.Failures.Increment();
            LogFailure(Resource, _failures, exception);
            if (_failures % FailuresBeforeRelist == 0)
            {
                _resourceVersion = null;
            }
        }

        await Task.Delay(NextDelay(), _time, cancellationToken);
    }

    /// <summary>Brings the cache to the server's present state.</summary>
    /// <returns>The version of that state.</returns>
    private async Task<string> ListAsync(CancellationToken cancellationToken)
    {
        var listed = new HashSet<ObjectKey>();
        var isInitial = !HasSynced;
        var options = new ListOptions
        {
            PageSize = _options.PageSize,
            LabelSelector = _options.LabelSelector,

            // As client-go: the first list may come from the server's cache, which spares it reading and decoding everything; the watch
            // brings what is newer. Later ones, after an error, must be the newest.
            ResourceVersion = isInitial ? "0" : null,
        };
        while (true)
        {
            var page = await _client.ReadPageAsync(_resource, _options.Namespace, options, Receive, cancellationToken);
            if (page.Continue is { } next)
            {
                options = options with { Continue = next };
                continue;
            }

            RemoveAllBut(listed);
            _store.HasSynced = true;
            _synced.TrySetResult();
            LogListed(Resource, listed.Count);
            return page.ResourceVersion ?? throw new JsonException("The list has no resourceVersion.");
        }

        void Receive(ListItem<T> item)
        {
            if (item.Object is { } value)
            {
                listed.Add(Set(value, isInitial));
            }
            else
            {
                ReportUndecodable(item.Failure);
                if (item.Failure?.Key is { } key)
                {
                    listed.Add(key);
                }
            }
        }
    }

    /// <summary>Follows the changes until the server ends the watch, which is normal, or nothing comes any more.</summary>
    private async Task WatchAsync(string resourceVersion, CancellationToken cancellationToken)
    {
        var started = _time.GetTimestamp();
        var isHealthy = false;
        using var idle = new CancellationTokenSource(_options.ReadIdleTimeout, _time);
        using var cancellation = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, idle.Token);
        var options = new WatchOptions
        {
            ResourceVersion = resourceVersion,
            LabelSelector = _options.LabelSelector,

            // Spread, so that not all informers of a cluster come back at once.
            Timeout = TimeSpan.FromSeconds(Random.Shared.Next(300, 600)),
        };
        try
        {
            await foreach (var change in _client.WatchAsync(_resource, _options.Namespace, options, cancellation.Token))
            {
                idle.CancelAfter(_options.ReadIdleTimeout);
                _failure = null;
                if (change.ResourceVersion != resourceVersion)
                {
                    // Only progress counts: that the watch has begun does not say that it will last.
                    isHealthy = true;
                    _failures = 0;
                }

                Apply(change);
            }
        }
        catch (OperationCanceledException) when (idle.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
            LogIdle(Resource, _options.ReadIdleTimeout);
        }

        if (_time.GetElapsedTime(started) >= ShortestHealthyWatch)
        {
            _failures = 0;
        }
        else if (!isHealthy)
        {
            throw new HttpRequestException(HttpRequestError.ResponseEnded, "The watch ended at once, without an event.");
        }
    }

    private void Apply(WatchEvent<T> change)
    {
        switch (change.Type)
        {
            case WatchEventType.Added or WatchEventType.Modified:
                Set(change.Object!, isInitial: false);
                break;
            case WatchEventType.Deleted:
                Remove(ObjectKey.Of(change.Object!), change.Object!);
                break;
            case WatchEventType.Undecodable:
                ReportUndecodable(change.Failure);
                break;
            case WatchEventType.Bookmark:
            default:
                break;
        }

        _resourceVersion = change.ResourceVersion ?? _resourceVersion;
    }

    private ObjectKey Set(T value, bool isInitial)
    {
        var key = ObjectKey.Of(value);
        var projected = _options.Project is { } project ? project(value) : value;
        lock (_changes)
        {
            var previous = _store.Set(key, projected);
            if (previous is null)
            {
                Report(new InformerEvent<T>(InformerEventType.Added, projected, null, isInitial, IsResync: false));
            }
            else if (previous.Metadata.Uid != projected.Metadata.Uid)
            {
                // Deleted and created again while nobody watched.
                Report(new InformerEvent<T>(InformerEventType.Deleted, previous, previous, IsInInitialList: false, IsResync: false));
                Report(new InformerEvent<T>(InformerEventType.Added, projected, null, isInitial, IsResync: false));
            }
            else if (previous.Metadata.ResourceVersion != projected.Metadata.ResourceVersion)
            {
                Report(new InformerEvent<T>(InformerEventType.Updated, projected, previous, isInitial, IsResync: false));
            }
        }

        return key;
    }

    private void Remove(ObjectKey key, T last)
    {
        var projected = _options.Project is { } project ? project(last) : last;
        lock (_changes)
        {
            if (_store.Remove(key) is { } previous)
            {
                Report(new InformerEvent<T>(InformerEventType.Deleted, projected, previous, IsInInitialList: false, IsResync: false));
            }
        }
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

    private void ReportUndecodable(DecodeFailure? failure)
    {
        _metrics?.Undecodable.Increment();
        LogUndecodable(Resource, failure?.Key?.ToString() ?? "", failure?.Reason ?? "");
    }

    private TimeSpan NextDelay()
    {
        var delay = InitialBackOff * Math.Pow(2, Math.Min(_failures - 1, 10)) * (1 + Random.Shared.NextDouble());
        return delay < MaxBackOff ? delay : MaxBackOff;
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Listed {Count} objects of {Resource}")]
    private partial void LogListed(string resource, int count);

    [LoggerMessage(Level = LogLevel.Information, Message = "The version of {Resource} to go on from has expired, listing again: {Reason}")]
    private partial void LogExpired(string resource, string reason);

    [LoggerMessage(Level = LogLevel.Information, Message = "Nothing came from the watch of {Resource} for {Timeout}, starting it again")]
    private partial void LogIdle(string resource, TimeSpan timeout);

    [LoggerMessage(Level = LogLevel.Error, Message = "Cannot follow {Resource}, failure {Failures} in a row")]
    private partial void LogFailure(string resource, int failures, Exception exception);

    [LoggerMessage(Level = LogLevel.Error, Message = "An object of {Resource} is left out: {Object} {Reason}")]
    private partial void LogUndecodable(string resource, string @object, string reason);

    [LoggerMessage(Level = LogLevel.Error, Message = "A handler of {Resource} failed for {Object}")]
    private partial void LogHandlerFailure(string resource, ObjectKey @object, Exception exception);
}
