// SPDX-License-Identifier: Apache-2.0

using Hosting.Endpoints;
using Hosting.Health;
using Hosting.Metrics;
using Kubernetes.Controllers.Caching;
using Kubernetes.Controllers.Client;
using Kubernetes.Controllers.Events;
using Kubernetes.Controllers.LeaderElection;
using Kubernetes.Controllers.Reconciling;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using k8s;
using k8s.Models;

namespace Kubernetes.Controllers.Hosting;

/// <summary>A program of controllers: endpoints first, then, as the leader, caches and controllers, and an orderly shutdown.</summary>
/// <remarks>
/// Followers serve their endpoints and are ready, but cache nothing: a cache costs memory and a watch on the API server for as long as the process
/// waits, while filling it costs a leader well under a second, once.
/// </remarks>
public sealed partial class ControllerHost : IDisposable
{
    // How long recorded events may still be written after the last reconcile.
    private static readonly TimeSpan EventDrainTimeout = TimeSpan.FromSeconds(2);

    private readonly ControllerHostOptions _options;
    private readonly ILogger _logger;
    private readonly List<IInformer> _informers = [];
    private readonly List<Controller> _controllers = [];
    private readonly List<EventRecorder> _recorders = [];
    private readonly List<Func<CancellationToken, Task>> _tasks = [];
    private long? _cachesStartedAt;

    /// <summary>A host without controllers.</summary>
    /// <param name="client">The API server.</param>
    /// <param name="options">Endpoints, election, time-outs.</param>
    /// <param name="time">The clock.</param>
    /// <param name="loggers">Makes the loggers of all parts.</param>
    /// <param name="metrics">Gets the metrics of all parts; give the client the same.</param>
    public ControllerHost(IApiClient client, ControllerHostOptions options, TimeProvider time, ILoggerFactory loggers, MetricRegistry metrics)
    {
        Client = client;
        Time = time;
        Loggers = loggers;
        _options = options;
        _logger = loggers.CreateLogger("host");
        Metrics = metrics;
        ProcessMetrics.Register(metrics, time);
        Liveness.Add("informer-sync", FindStuckInformer);
        Readiness.Add("informers", FindFailingInformer);
    }

    /// <summary>The API server.</summary>
    public IApiClient Client { get; }

    /// <summary>The clock of all parts.</summary>
    public TimeProvider Time { get; }

    /// <summary>Makes the loggers of all parts.</summary>
    public ILoggerFactory Loggers { get; }

    /// <summary>What <c>/metrics</c> shows.</summary>
    public MetricRegistry Metrics { get; }

    /// <summary>What <c>/healthz</c> checks; a failure makes the kubelet restart the container.</summary>
    public HealthChecks Liveness { get; } = new("healthz");

    /// <summary>What <c>/readyz</c> checks; leadership is never part of it.</summary>
    public HealthChecks Readiness { get; } = new("readyz");

    /// <summary>The port of the health endpoint once it listens; null before, or if it is off.</summary>
    public int? HealthPort { get; private set; }

    /// <summary>The port of the metrics endpoint once it listens; null before, or if it is off.</summary>
    public int? MetricsPort { get; private set; }

    /// <summary>Adds a cache that runs while this process leads.</summary>
    public Informer<T> AddInformer<T>(ResourceDefinition<T> resource, InformerOptions options)
        where T : class, IKubernetesObject<V1ObjectMeta>
    {
        var informer = new Informer<T>(Client, resource, options, Time, Loggers.CreateLogger("informer"), Metrics);
        _informers.Add(informer);
        return informer;
    }

    /// <summary>Adds a controller that runs while this process leads.</summary>
    public Controller AddController(string name, IReconciler reconciler, ControllerOptions options)
    {
        var controller = new Controller(name, reconciler, options, Time, Loggers.CreateLogger(name), Metrics);
        _controllers.Add(controller);
        return controller;
    }

    /// <summary>Adds a recorder of events that writes while this process leads.</summary>
    /// <param name="component">The program that reports, for example <c>widget-controller</c>.</param>
    public IEventRecorder AddEventRecorder(string component)
    {
        var recorder = new EventRecorder(Client, component, Time, Loggers.CreateLogger("events"));
        _recorders.Add(recorder);
        return recorder;
    }

    /// <summary>Adds something else that runs while this process leads. If it fails, everything else is stopped and <see cref="RunAsync"/> fails.</summary>
    /// <param name="run">Runs until it is done or its token is cancelled.</param>
    public void AddTask(Func<CancellationToken, Task> run) => _tasks.Add(run);

    /// <summary>Runs until it is cancelled, then stops in order: running reconciles finish, and only then the leadership is given back.</summary>
    /// <exception cref="LeadershipLostException">Another process leads; this one must end.</exception>
    /// <exception cref="IOException">An endpoint's address is not free.</exception>
    /// <exception cref="TimeoutException">The shutdown took too long.</exception>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        await using var metrics = await StartAsync(_options.MetricsAddress, AnswerMetricsAsync, "metrics");
        MetricsPort = metrics?.Port;
        await using var health = await StartAsync(_options.HealthAddress, AnswerHealthAsync, "health");
        HealthPort = health?.Port;

        var running = _options.LeaderElection is { } election
            ? RunElectedAsync(election, cancellationToken)
            : RunControllersAsync(cancellationToken, CancellationToken.None);
        using var overdue = new CancellationTokenSource(Timeout.InfiniteTimeSpan, Time);
        await using var shutdown = cancellationToken.Register(() => overdue.CancelAfter(_options.ShutdownTimeout));
        try
        {
            await running.WaitAsync(overdue.Token);
        }
        catch (OperationCanceledException exception) when (overdue.IsCancellationRequested)
        {
            throw new TimeoutException($"The shutdown took longer than {_options.ShutdownTimeout}.", exception);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var controller in _controllers)
        {
            controller.Dispose();
        }
    }

    private async Task RunElectedAsync(LeaderElectionOptions election, CancellationToken cancellationToken)
    {
        using var elector = new LeaderElector(Client, election, Time, Loggers.CreateLogger("leader-election"), Metrics);
        Readiness.Add("leader-election", () => elector.Failure);
        await elector.RunAsync(LeadAsync, cancellationToken);

        Task LeadAsync(CancellationToken stopping)
        {
            (Client as ApiClient)?.MayWrite = () => elector.IsLeaseValid;
            return RunControllersAsync(stopping, elector.LeadershipLost);
        }
    }

    /// <summary>Runs caches, controllers and tasks until they are stopped or one of them fails.</summary>
    private async Task RunControllersAsync(CancellationToken stopping, CancellationToken abort)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(stopping, abort);
        using var stopCaches = CancellationTokenSource.CreateLinkedTokenSource(abort);
        _cachesStartedAt = Time.GetTimestamp();
        List<Task> caches = [.. _informers.Select(informer => StopOnFailureAsync(() => informer.RunAsync(stopCaches.Token)))];
        List<Task> events = [.. _recorders.Select(recorder => StopOnFailureAsync(() => recorder.RunAsync(stopCaches.Token)))];
        List<Task> work =
        [
            .. _controllers.Select(controller => StopOnFailureAsync(() => controller.RunAsync(stop.Token, abort))),
            .. _tasks.Select(run => StopOnFailureAsync(() => run(stop.Token))),
        ];
        await Task.Delay(Timeout.InfiniteTimeSpan, Time, stop.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await Task.WhenAll(work).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);

        // The caches follow until the last reconcile is done, and what it recorded is written.
        _recorders.ForEach(recorder => recorder.Complete());
        await Task.WhenAll(events).WaitAsync(EventDrainTimeout, Time, abort).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await stopCaches.CancelAsync();
        await Task.WhenAll([.. caches, .. events, .. work]);

        async Task StopOnFailureAsync(Func<Task> run)
        {
            try
            {
                await run();
            }
            catch (Exception exception) when (stop.IsCancellationRequested)
            {
                // Cancellation is how it is told to end, and a request that fails at that moment is no reason to call the end a failure.
                LogFailedWhileStopping(exception);
            }
            catch
            {
                await stop.CancelAsync();
                throw;
            }
        }
    }

    private async Task<HttpEndpoint?> StartAsync(BindAddress? address, RequestDelegate answer, string name)
    {
        if (address is null)
        {
            return null;
        }

        // Not to be cancelled: a program that is told to end while it starts ends in order, too.
        var endpoint = await HttpEndpoint.StartAsync(address, answer, Loggers, CancellationToken.None);
        LogListening(name, address.EndPoint.Address.ToString(), endpoint.Port);
        return endpoint;
    }

    private Task AnswerHealthAsync(HttpContext context)
    {
        var path = context.Request.Path.Value!.Split('/', 3, StringSplitOptions.RemoveEmptyEntries);
        var checks = path is [] ? null : path[0] == Liveness.Path ? Liveness : path[0] == Readiness.Path ? Readiness : null;
        if (checks is null)
        {
            context.Response.StatusCode = StatusCodes.Status404NotFound;
            return Task.CompletedTask;
        }

        return checks.AnswerAsync(context, path.ElementAtOrDefault(1));
    }

    private async Task AnswerMetricsAsync(HttpContext context)
    {
        if (context.Request.Path != "/metrics")
        {
            context.Response.StatusCode = StatusCodes.Status404NotFound;
            return;
        }

        context.Response.ContentType = MetricRegistry.ContentType;
        Metrics.Write(context.Response.BodyWriter);
        await context.Response.BodyWriter.FlushAsync(context.RequestAborted);
    }

    private string? FindStuckInformer() =>
        _cachesStartedAt is { } started && Time.GetElapsedTime(started) > _options.SyncDeadline && _informers.Find(informer => !informer.HasSynced) is { } stuck
            ? $"{stuck.Resource} is not complete after {_options.SyncDeadline}"
            : null;

    private string? FindFailingInformer() =>
        _cachesStartedAt is not null && _informers.Find(informer => !informer.HasSynced || informer.Failure is not null) is { } failing
            ? $"{failing.Resource}: {failing.Failure ?? "not complete yet"}"
            : null;

    [LoggerMessage(LogLevel.Debug, "A part ended with an error while the program stops")]
    private partial void LogFailedWhileStopping(Exception exception);

    [LoggerMessage(LogLevel.Information, "Serving {Endpoint} on {Address}, port {Port}")]
    private partial void LogListening(string endpoint, string address, int port);
}
