// SPDX-License-Identifier: Apache-2.0

using System.Collections.Concurrent;
using Hosting.Metrics;
using Kubernetes.Controllers.Caching;
using Kubernetes.Controllers.Client;
using Kubernetes.Controllers.Reconciling;
using Kubernetes.Controllers.Tests.Testing;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;

namespace Kubernetes.Controllers.Tests.Reconciling;

public sealed class ControllerTests : IAsyncDisposable
{
    private static readonly ObjectKey A = new("one", "a");
    private static readonly TimeSpan Step = TimeSpan.FromMilliseconds(5);

    private readonly FakeTimeProvider _time = new();
    private readonly MetricRegistry _metrics = new();
    private readonly CancellationTokenSource _stop = new();
    private readonly CancellationTokenSource _abort = new();
    private readonly ConcurrentQueue<ObjectKey> _reconciled = new();
    private Controller? _controller;
    private Task _running = Task.CompletedTask;

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _abort.CancelAsync();
        await _running;
        _controller?.Dispose();
        _stop.Dispose();
        _abort.Dispose();
    }

    [Fact]
    public async Task A_success_is_counted_and_not_repeated()
    {
        Start((_, _) => Done());
        _controller!.Enqueue(A);

        await HoldsAsync(() => Total("success") == 1, "it succeeds");
        await PassAsync(TimeSpan.FromSeconds(10));

        _reconciled.Should().Equal(A);
        _metrics.ToString().Should().Contain("controller_runtime_reconcile_time_seconds_count{controller=\"test\"} 1\n")
            .And.Contain("controller_runtime_max_concurrent_reconciles{controller=\"test\"} 5\n")
            .And.Contain("controller_runtime_active_workers{controller=\"test\"} 0\n");
    }

    [Fact]
    public async Task A_failure_is_tried_again_until_it_succeeds()
    {
        Start((_, _) => _reconciled.Count < 4 ? throw new InvalidOperationException("not yet") : Done());
        _controller!.Enqueue(A);

        await HoldsAsync(() => Total("success") == 1, "it succeeds in the end");

        Total("error").Should().Be(3);
        Count("controller_runtime_reconcile_errors_total").Should().Be(3);
        _metrics.ToString().Should().Contain("workqueue_retries_total{name=\"test\",controller=\"test\"} 3\n");
    }

    [Fact]
    public async Task A_terminal_failure_waits_for_the_next_event()
    {
        Start((_, _) => throw new TerminalReconcileException("hopeless"));
        _controller!.Enqueue(A);
        await HoldsAsync(() => Total("error") == 1, "it fails");
        await PassAsync(TimeSpan.FromSeconds(10));

        _reconciled.Should().HaveCount(1);
        Count("controller_runtime_terminal_reconcile_errors_total").Should().Be(1);
        _controller.Enqueue(A);
        await HoldsAsync(() => Total("error") == 2, "an event wakes it");
    }

    [Fact]
    public async Task A_requeue_comes_after_its_time_and_is_no_failure()
    {
        Start((_, _) => Task.FromResult(_reconciled.Count == 1 ? ReconcileResult.After(TimeSpan.FromSeconds(3)) : ReconcileResult.Done));
        var before = _time.GetUtcNow();
        _controller!.Enqueue(A);

        await HoldsAsync(() => _reconciled.Count == 2, "it comes again");

        (_time.GetUtcNow() - before).Should().BeGreaterThanOrEqualTo(TimeSpan.FromSeconds(3));
        Total("requeue_after").Should().Be(1);
        Total("error").Should().Be(0);
    }

    [Fact]
    public async Task A_reconcile_that_takes_too_long_is_cancelled_counted_and_tried_again()
    {
        Start(async (_, cancellationToken) =>
        {
            await Task.Delay(_reconciled.Count == 1 ? Timeout.InfiniteTimeSpan : TimeSpan.Zero, _time, cancellationToken);
            return ReconcileResult.Done;
        }, new ControllerOptions { ReconcileTimeout = TimeSpan.FromSeconds(2) });
        _controller!.Enqueue(A);

        await HoldsAsync(() => Total("success") == 1, "the second attempt succeeds");

        Count("controller_runtime_reconcile_timeouts_total").Should().Be(1);
        Total("error").Should().Be(1);
    }

    [Fact]
    public async Task A_time_out_of_a_request_is_a_failure_and_no_time_out_of_the_reconcile()
    {
        Start((_, _) => _reconciled.Count == 1 ? throw new TimeoutException("no answer") : Done());
        _controller!.Enqueue(A);

        await HoldsAsync(() => Total("success") == 1, "the second attempt succeeds");

        Count("controller_runtime_reconcile_timeouts_total").Should().Be(0);
    }

    [Fact]
    public async Task A_server_that_asks_for_patience_is_left_alone_for_that_time()
    {
        Start((_, _) => _reconciled.Count == 1
            ? throw new InvalidOperationException(
                "wrapped", new ApiException(System.Net.HttpStatusCode.TooManyRequests, "TooManyRequests", "slow down", TimeSpan.FromSeconds(120)))
            : Done());
        var before = _time.GetUtcNow();
        _controller!.Enqueue(A);

        await HoldsAsync(() => Total("success") == 1, "the second attempt succeeds", TimeSpan.FromSeconds(1));

        (_time.GetUtcNow() - before).Should().BeGreaterThanOrEqualTo(TimeSpan.FromSeconds(120));
    }

    [Fact]
    public async Task Workers_run_beside_each_other_but_never_two_for_one_group()
    {
        var running = new ConcurrentDictionary<ObjectKey, bool>();
        var release = new TaskCompletionSource();
        Start(async (key, _) =>
        {
            running[key] = true;
            await release.Task;
            return ReconcileResult.Done;
        }, new ControllerOptions { Workers = 3, SerializationGroup = static key => key.Namespace });
        foreach (var @namespace in (string[])["one", "two", "three"])
        {
            _controller!.Enqueue(new ObjectKey(@namespace, "a"));
            _controller.Enqueue(new ObjectKey(@namespace, "b"));
        }

        await HoldsAsync(() => running.Count == 3, "all workers are busy");
        running.Keys.Should().OnlyHaveUniqueItems(key => key.Namespace);
        release.SetResult();
        await HoldsAsync(() => Total("success") == 6, "the rest follows");
    }

    [Fact]
    public async Task Stopping_lets_running_reconciles_finish_and_begins_no_others()
    {
        var release = new TaskCompletionSource();
        var cancelled = false;
        Start(async (_, cancellationToken) =>
        {
            await release.Task;
            cancelled = cancellationToken.IsCancellationRequested;
            return ReconcileResult.Done;
        }, new ControllerOptions { Workers = 1 });
        _controller!.Enqueue(A);
        _controller.Enqueue(new ObjectKey("one", "b"));
        await HoldsAsync(() => _reconciled.Count == 1, "one runs");

        await _stop.CancelAsync();
        await PassAsync(TimeSpan.FromSeconds(5));
        _running.IsCompleted.Should().BeFalse();
        release.SetResult();
        await _running;

        cancelled.Should().BeFalse();
        _reconciled.Should().Equal(A);
        Total("success").Should().Be(1);
    }

    [Fact]
    public async Task Stopping_does_not_wait_for_ever()
    {
        Start(async (_, cancellationToken) =>
        {
            await Task.Delay(Timeout.InfiniteTimeSpan, _time, cancellationToken);
            return ReconcileResult.Done;
        }, new ControllerOptions { DrainTimeout = TimeSpan.FromSeconds(25), ReconcileTimeout = TimeSpan.Zero });
        _controller!.Enqueue(A);
        await HoldsAsync(() => _reconciled.Count == 1, "it runs");

        var before = _time.GetUtcNow();
        await _stop.CancelAsync();
        await HoldsAsync(() => _running.IsCompleted, "it ends", TimeSpan.FromMilliseconds(100));

        (_time.GetUtcNow() - before).Should().BeGreaterThanOrEqualTo(TimeSpan.FromSeconds(25));
        Total("error").Should().Be(0, "a reconcile that is cancelled by the shutdown has not failed");
    }

    [Fact]
    public async Task Aborting_cancels_running_reconciles_at_once()
    {
        Start(async (_, cancellationToken) =>
        {
            await Task.Delay(Timeout.InfiniteTimeSpan, _time, cancellationToken);
            return ReconcileResult.Done;
        });
        _controller!.Enqueue(A);
        await HoldsAsync(() => _reconciled.Count == 1, "it runs");

        await _abort.CancelAsync();

        await _running.WaitAsync(TimeSpan.FromSeconds(10), TestContext.Current.CancellationToken);
    }

    [Fact]
    public async Task Workers_begin_when_caches_are_complete_and_new_events_precede_the_first_list()
    {
        await using var server = await FakeApiServer.StartAsync();
        using var client = server.Client();
        var informer = new Informer<Widget>(client, Widget.Resource, new InformerOptions(), _time, NullLogger.Instance);
        var complete = new TaskCompletionSource();
        server.OnList(async context =>
        {
            await complete.Task;
            await FakeApiServer.ListAsync(context, 10, null, Widget.Create("listed"), Widget.Create("listed too"));
        });
        Create((_, _) => Done(), new ControllerOptions { Workers = 1 });
        _controller!.Watch(informer, change => [ObjectKey.Of(change.Object)]);
        _controller.Enqueue(new ObjectKey("default", "event"));
        var informing = informer.RunAsync(_stop.Token);
        Run();

        await PassAsync(TimeSpan.FromSeconds(1));
        _reconciled.Should().BeEmpty("the cache is not complete");
        complete.SetResult();
        await HoldsAsync(() => _reconciled.Count == 3, "all are reconciled");

        _reconciled.Select(key => key.Name).Should().Equal("event", "listed", "listed too");
        await _stop.CancelAsync();
        await informing;
    }

    [Fact]
    public void All_series_are_there_before_anything_happens()
    {
        Create((_, _) => Done(), new ControllerOptions());

        foreach (var result in (string[])["success", "error", "requeue", "requeue_after"])
        {
            _metrics.ToString().Should().Contain($"controller_runtime_reconcile_total{{controller=\"test\",result=\"{result}\"}} 0\n");
        }

        foreach (var name in (string[])["reconcile_errors_total", "terminal_reconcile_errors_total", "reconcile_panics_total", "reconcile_timeouts_total", "active_workers"])
        {
            _metrics.ToString().Should().Contain($"controller_runtime_{name}{{controller=\"test\"}} 0\n");
        }
    }

    private static Task<ReconcileResult> Done() => Task.FromResult(ReconcileResult.Done);

    private void Create(Func<ObjectKey, CancellationToken, Task<ReconcileResult>> reconcile, ControllerOptions options) =>
        _controller = new Controller("test", new Reconciler(_reconciled, reconcile), options, _time, NullLogger.Instance, _metrics);

    private void Run() => _running = _controller!.RunAsync(_stop.Token, _abort.Token);

    private void Start(Func<ObjectKey, CancellationToken, Task<ReconcileResult>> reconcile, ControllerOptions? options = null)
    {
        Create(reconcile, options ?? new ControllerOptions());
        Run();
    }

    private Task HoldsAsync(Func<bool> condition, string because, TimeSpan? step = null) => Eventually.HoldsAsync(condition, because, _time, step ?? Step);

    private Task PassAsync(TimeSpan duration)
    {
        var end = _time.GetUtcNow() + duration;
        return HoldsAsync(() => _time.GetUtcNow() >= end, "time passes", duration / 50);
    }

    private long Total(string result) => _metrics.Counter("controller_runtime_reconcile_total", "", "controller", "result").With("test", result).Value;

    private long Count(string name) => _metrics.Counter(name, "", "controller").With("test").Value;

    private sealed class Reconciler(ConcurrentQueue<ObjectKey> reconciled, Func<ObjectKey, CancellationToken, Task<ReconcileResult>> reconcile) : IReconciler
    {
        public Task<ReconcileResult> ReconcileAsync(ObjectKey key, CancellationToken cancellationToken)
        {
            reconciled.Enqueue(key);
            return reconcile(key, cancellationToken);
        }
    }
}
