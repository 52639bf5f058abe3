// SPDX-License-Identifier: Apache-2.0

using System.Diagnostics.CodeAnalysis;
using Hosting;
using Hosting.Metrics;
using Kubernetes.Controllers.Caching;
using Kubernetes.Controllers.Client;
using Kubernetes.Controllers.Queueing;
using Microsoft.Extensions.Logging;
using k8s;
using k8s.Models;

namespace Kubernetes.Controllers.Reconciling;

/// <summary>Turns changes of objects into keys and has a reconciler work on them, with several workers, retries and back-off.</summary>
public sealed partial class Controller : IDisposable
{
    /// <summary>Priority of keys for which nothing has happened: those of the first list and of a resync.</summary>
    public const int LowPriority = -100;

    private readonly IReconciler _reconciler;
    private readonly ControllerOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly ControllerMetrics _metrics;
    private readonly WorkQueue<ObjectKey> _queue;
    private readonly List<IInformer> _informers = [];

    /// <summary>A controller that watches nothing yet.</summary>
    /// <param name="name">The controller's name, for logs and metrics.</param>
    /// <param name="reconciler">What is done for a key.</param>
    /// <param name="options">Workers, time-outs, groups.</param>
    /// <param name="time">Delays and time-outs.</param>
    /// <param name="logger">Gets failures.</param>
    /// <param name="metrics">Gets the <c>controller_runtime_*</c> and <c>workqueue_*</c> metrics; null for none.</param>
    public Controller(
        string name, IReconciler reconciler, ControllerOptions options, TimeProvider time, ILogger logger, MetricRegistry? metrics = null)
    {
        if (options.Workers < 1)
        {
            throw new ArgumentException($"{nameof(options.Workers)}: must be at least 1, got {options.Workers}.", nameof(options));
        }

        Name = name;
        _reconciler = reconciler;
        _options = options;
        _time = time;
        _logger = logger;
        metrics ??= new MetricRegistry();
        _metrics = new ControllerMetrics(metrics, name, options.Workers);
        var queueOptions = new WorkQueueOptions<ObjectKey>
        {
            Group = options.SerializationGroup,
            InitialBackOff = options.InitialBackOff,
            MaxBackOff = options.MaxBackOff,
            Metrics = metrics,
        };
        _queue = new WorkQueue<ObjectKey>(name, queueOptions, time);
    }

    /// <summary>The controller's name.</summary>
    public string Name { get; }

    /// <summary>Reconciles the keys that a change of a watched object concerns.</summary>
    /// <param name="informer">Reports the changes.</param>
    /// <param name="keysOf">The keys that a change concerns; none to ignore it.</param>
    public void Watch<T>(Informer<T> informer, Func<InformerEvent<T>, IEnumerable<ObjectKey>> keysOf)
        where T : class, IKubernetesObject<V1ObjectMeta>
    {
        _informers.Add(informer);
        informer.AddHandler(change =>
        {
            var priority = change.IsInInitialList || change.IsResync ? LowPriority : 0;
            foreach (var key in keysOf(change))
            {
                _queue.Add(key, priority);
            }
        });
    }

    /// <summary>Reconciles a key as soon as a worker is free.</summary>
    public void Enqueue(ObjectKey key, int priority = 0) => _queue.Add(key, priority);

    /// <summary>
    /// Works until <paramref name="stopping"/>: then no new key is begun, and the reconciles that run may go on for
    /// <see cref="ControllerOptions.DrainTimeout"/>. Workers begin when all watched caches are complete.
    /// </summary>
    /// <param name="stopping">Stops the controller.</param>
    /// <param name="abort">Cancels the running reconciles, too, at once: another process may take over.</param>
    public async Task RunAsync(CancellationToken stopping, CancellationToken abort = default)
    {
        using var drained = new CancellationTokenSource(Timeout.InfiniteTimeSpan, _time);
        using var work = CancellationTokenSource.CreateLinkedTokenSource(abort, drained.Token);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(stopping, abort);
        try
        {
            await Task.WhenAll(_informers.Select(informer => informer.WaitForSyncAsync(stop.Token)));
        }
        catch (OperationCanceledException)
        {
            return;
        }

        LogStarted(Name, _options.Workers);
        var workers = Task.WhenAll(Enumerable.Range(0, _options.Workers).Select(_ => WorkAsync(stop.Token, work.Token)));
        await using var drain = stop.Token.Register(() => drained.CancelAfter(_options.DrainTimeout));
        await workers;
        LogStopped(Name);
    }

    /// <inheritdoc/>
    public void Dispose() => _queue.Dispose();

    private async Task WorkAsync(CancellationToken stopping, CancellationToken cancellationToken)
    {
        // Begins on another thread, so that the workers run beside each other also when nothing makes them wait.
        await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        while (!stopping.IsCancellationRequested)
        {
            WorkItem<ObjectKey> item;
            try
            {
                item = await _queue.TakeAsync(stopping);
            }
            catch (OperationCanceledException)
            {
                return;
            }

            _metrics.ActiveWorkers.Add(1);
            try
            {
                await ReconcileAsync(item, cancellationToken);
            }
            finally
            {
                _queue.Done(item.Key);
                _metrics.ActiveWorkers.Add(-1);
            }
        }
    }

    [SuppressMessage("Design", "CA1031:Do not catch general exception types", Justification = "Whatever goes wrong is retried.")]
    private async Task ReconcileAsync(WorkItem<ObjectKey> item, CancellationToken cancellationToken)
    {
        var started = _time.GetTimestamp();
        using var scope = _logger.BeginScope(new ReconcileScope(Name, item.Key));
        var limit = _options.ReconcileTimeout > TimeSpan.Zero ? _options.ReconcileTimeout : Timeout.InfiniteTimeSpan;
        try
        {
            var result = await TimeLimit.RunAsync(
                limit, _time, $"the reconcile took longer than {limit}", cancellation => _reconciler.ReconcileAsync(item.Key, cancellation), cancellationToken);
            _queue.Forget(item.Key);
            if (result.RequeueAfter is { } delay)
            {
                _metrics.RequeueAfter.Increment();
                _queue.AddAfter(item.Key, delay, item.Priority);
            }
            else
            {
                _metrics.Success.Increment();
            }
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            LogCancelled(Name, item.Key);
        }
        catch (TerminalReconcileException exception)
        {
            _queue.Forget(item.Key);
            _metrics.Error.Increment();
            _metrics.Errors.Increment();
            _metrics.TerminalErrors.Increment();
            LogTerminalFailure(Name, item.Key, exception);
        }
        catch (Exception exception)
        {
            if (exception is TimeoutException && limit > TimeSpan.Zero && _time.GetElapsedTime(started) >= limit)
            {
                _metrics.Timeouts.Increment();
            }

            _metrics.Error.Increment();
            _metrics.Errors.Increment();
            _queue.AddRateLimited(item.Key, item.Priority, RetryAfter(exception));
            LogFailure(Name, item.Key, _queue.Failures(item.Key), exception);
        }
        finally
        {
            _metrics.Time.Observe(_time.GetElapsedTime(started).TotalSeconds);
        }
    }

    /// <summary>How long the API server wants to be left alone, if that is why the reconcile failed.</summary>
    private static TimeSpan RetryAfter(Exception? exception) => exception switch
    {
        null => TimeSpan.Zero,
        ApiException { RetryAfter: { } delay } => delay,
        _ => RetryAfter(exception.InnerException),
    };

    [LoggerMessage(LogLevel.Information, "Starting {Workers} workers of {Controller}")]
    private partial void LogStarted(string controller, int workers);

    [LoggerMessage(LogLevel.Information, "All workers of {Controller} have finished")]
    private partial void LogStopped(string controller);

    [LoggerMessage(LogLevel.Information, "The reconcile of {Object} was cancelled because {Controller} stops")]
    private partial void LogCancelled(string controller, ObjectKey @object);

    [LoggerMessage(LogLevel.Error, "Reconciler error of {Controller} for {Object}, failure {Failures} in a row")]
    private partial void LogFailure(string controller, ObjectKey @object, int failures, Exception exception);

    [LoggerMessage(LogLevel.Error, "Terminal error of {Controller} for {Object}, not retrying")]
    private partial void LogTerminalFailure(string controller, ObjectKey @object, Exception exception);
}
