// SPDX-License-Identifier: Apache-2.0

using Hosting.Metrics;
using Kubernetes.Controllers.Queueing;
using Microsoft.Extensions.Time.Testing;

namespace Kubernetes.Controllers.Tests.Queueing;

public sealed class WorkQueueTests : IDisposable
{
    private readonly FakeTimeProvider _time = new();
    private readonly MetricRegistry _metrics = new();
    private readonly WorkQueue<string> _queue;

    public WorkQueueTests() => _queue = new WorkQueue<string>("test", Options with { Metrics = _metrics }, _time);

    private static WorkQueueOptions<string> Options => new() { InitialBackOff = TimeSpan.FromMilliseconds(5), MaxBackOff = TimeSpan.FromSeconds(1000) };

    public void Dispose() => _queue.Dispose();

    [Fact]
    public async Task Keys_come_in_the_order_of_their_arrival()
    {
        _queue.Add("a");
        _queue.Add("b");
        _queue.Add("c");

        (await TakeAllAsync()).Should().Equal("a", "b", "c");
    }

    [Fact]
    public async Task A_key_that_is_added_twice_waits_once()
    {
        _queue.Add("a");
        _queue.Add("a");

        (await TakeAllAsync()).Should().Equal("a");
    }

    [Fact]
    public async Task A_key_that_is_added_while_it_is_processed_is_processed_again_afterwards()
    {
        _queue.Add("a");
        await TakeAsync();
        _queue.Add("a");
        _queue.Add("a");

        IsEmpty().Should().BeTrue("it is being processed");
        _queue.Done("a");

        (await TakeAsync()).Key.Should().Be("a");
        _queue.Done("a");
        IsEmpty().Should().BeTrue("it was wanted once more only");
    }

    [Fact]
    public async Task Higher_priorities_come_first()
    {
        _queue.Add("initial list", -100);
        _queue.Add("event");
        _queue.Add("urgent", 10);

        (await TakeAllAsync()).Should().Equal("urgent", "event", "initial list");
    }

    [Theory]
    [InlineData(-100, 0)]
    [InlineData(0, -100)]
    public async Task Of_two_priorities_for_the_same_key_the_higher_counts(int first, int second)
    {
        _queue.Add("other", -1);
        _queue.Add("a", first);
        _queue.Add("a", second);

        (await TakeAsync()).Should().Be(new WorkItem<string>("a", 0));
    }

    [Fact]
    public async Task A_priority_holds_for_one_time()
    {
        _queue.Add("a", 5);
        await TakeAsync();
        _queue.Done("a");
        _queue.Add("a", -100);

        (await TakeAsync()).Priority.Should().Be(-100);
    }

    [Fact]
    public async Task A_delayed_key_comes_when_its_time_has_come()
    {
        _queue.AddAfter("a", TimeSpan.FromSeconds(5));

        _time.Advance(TimeSpan.FromSeconds(4.9));
        IsEmpty().Should().BeTrue();
        _time.Advance(TimeSpan.FromSeconds(0.1));

        (await TakeAsync()).Key.Should().Be("a");
    }

    [Fact]
    public async Task Of_two_delays_the_shorter_counts()
    {
        _queue.AddAfter("a", TimeSpan.FromSeconds(5));
        _queue.AddAfter("a", TimeSpan.FromSeconds(1));
        _queue.AddAfter("a", TimeSpan.FromSeconds(9));

        _time.Advance(TimeSpan.FromSeconds(1));
        (await TakeAsync()).Key.Should().Be("a");
        _queue.Done("a");

        _time.Advance(TimeSpan.FromSeconds(20));
        IsEmpty().Should().BeTrue("the longer delays were merged into the shorter one");
    }

    [Fact]
    public async Task An_event_does_not_wait_for_a_delay()
    {
        _queue.AddAfter("a", TimeSpan.FromSeconds(1000), -100);
        _queue.Add("a");

        (await TakeAsync()).Should().Be(new WorkItem<string>("a", 0));
        _queue.Done("a");
        _time.Advance(TimeSpan.FromSeconds(2000));
        IsEmpty().Should().BeTrue();
    }

    [Fact]
    public async Task A_delay_that_ends_while_the_key_is_processed_takes_effect_afterwards()
    {
        _queue.Add("a");
        await TakeAsync();
        _queue.AddAfter("a", TimeSpan.FromSeconds(1));
        _time.Advance(TimeSpan.FromSeconds(2));

        IsEmpty().Should().BeTrue();
        _queue.Done("a");
        (await TakeAsync()).Key.Should().Be("a");
    }

    [Fact]
    public async Task The_delay_after_failures_doubles_from_5_ms_to_1000_s_and_success_resets_it()
    {
        for (var failure = 0; failure < 30; failure++)
        {
            var delay = TimeSpan.FromMilliseconds(Math.Min(5 * Math.Pow(2, failure), 1_000_000));
            _queue.AddRateLimited("a");
            _time.Advance(delay - TimeSpan.FromMilliseconds(1));
            IsEmpty().Should().BeTrue($"failure {failure} waits {delay}");
            _time.Advance(TimeSpan.FromMilliseconds(1));
            (await TakeAsync()).Key.Should().Be("a");
            _queue.Done("a");
        }

        _queue.Failures("a").Should().Be(30);
        _queue.Forget("a");
        _queue.AddRateLimited("a");
        _time.Advance(TimeSpan.FromMilliseconds(5));
        (await TakeAsync()).Key.Should().Be("a");
    }

    [Fact]
    public async Task A_waiting_worker_gets_the_key_that_is_added()
    {
        var taking = _queue.TakeAsync(TestContext.Current.CancellationToken).AsTask();
        taking.IsCompleted.Should().BeFalse();

        _queue.Add("a");

        (await taking).Key.Should().Be("a");
    }

    [Fact]
    public async Task A_worker_that_is_cancelled_takes_nothing_along()
    {
        using var cancellation = new CancellationTokenSource();
        var taking = _queue.TakeAsync(cancellation.Token).AsTask();
        await cancellation.CancelAsync();
        await FluentActions.Awaiting(() => taking).Should().ThrowAsync<OperationCanceledException>();

        _queue.Add("a");

        (await TakeAsync()).Key.Should().Be("a");
    }

    [Fact]
    public void A_key_that_was_not_taken_cannot_be_done()
    {
        _queue.Add("a");

        FluentActions.Invoking(() => _queue.Done("a")).Should().Throw<InvalidOperationException>();
    }

    [Fact]
    public async Task Keys_of_one_group_are_processed_one_after_the_other_without_holding_up_the_rest()
    {
        using var queue = Grouped();
        queue.Add("x/1");
        queue.Add("x/2");
        queue.Add("x/3");
        queue.Add("y/1");

        var first = await queue.TakeAsync(TestContext.Current.CancellationToken);
        var second = await queue.TakeAsync(TestContext.Current.CancellationToken);
        var third = queue.TakeAsync(TestContext.Current.CancellationToken).AsTask();

        (first.Key, second.Key).Should().Be(("x/1", "y/1"));
        third.IsCompleted.Should().BeFalse("the rest of x waits");
        queue.Done("x/1");
        (await third).Key.Should().Be("x/2");
        queue.Done("x/2");
        (await queue.TakeAsync(TestContext.Current.CancellationToken)).Key.Should().Be("x/3");
    }

    [Fact]
    public async Task A_key_that_waits_for_its_group_can_be_raised_in_priority()
    {
        using var queue = Grouped();
        queue.Add("x/1");
        await queue.TakeAsync(TestContext.Current.CancellationToken);
        queue.Add("x/2", -100);
        queue.Add("x/3", -50);
        var next = queue.TakeAsync(TestContext.Current.CancellationToken).AsTask();
        next.IsCompleted.Should().BeFalse();

        queue.Add("x/2", 7);
        queue.Done("x/1");

        (await next).Should().Be(new WorkItem<string>("x/2", 7));
    }

    [Fact]
    public async Task The_metrics_are_those_of_controller_runtime()
    {
        _queue.Add("a", -100);
        _queue.Add("b");
        _metrics.ToString().Should().Contain("workqueue_depth{name=\"test\",controller=\"test\",priority=\"-100\"} 1\n")
            .And.Contain("workqueue_depth{name=\"test\",controller=\"test\",priority=\"0\"} 1\n")
            .And.Contain("workqueue_adds_total{name=\"test\",controller=\"test\"} 2\n");

        _time.Advance(TimeSpan.FromSeconds(2));
        await TakeAsync();
        _time.Advance(TimeSpan.FromSeconds(3));
        _metrics.ToString().Should().Contain("workqueue_unfinished_work_seconds{name=\"test\",controller=\"test\"} 3\n")
            .And.Contain("workqueue_longest_running_processor_seconds{name=\"test\",controller=\"test\"} 3\n")
            .And.Contain("workqueue_queue_duration_seconds_sum{name=\"test\",controller=\"test\"} 2\n")
            .And.Contain("workqueue_depth{name=\"test\",controller=\"test\",priority=\"0\"} 0\n");

        _queue.Done("b");
        _queue.AddRateLimited("b");
        _metrics.ToString().Should().Contain("workqueue_work_duration_seconds_bucket{name=\"test\",controller=\"test\",le=\"10\"} 1\n")
            .And.Contain("workqueue_work_duration_seconds_bucket{name=\"test\",controller=\"test\",le=\"1e-08\"} 0\n")
            .And.Contain("workqueue_retries_total{name=\"test\",controller=\"test\"} 1\n");
    }

    [Fact]
    public void Every_delayed_key_counts_as_a_retry()
    {
        _queue.AddAfter("a", TimeSpan.FromSeconds(1));
        _queue.AddAfter("a", TimeSpan.Zero);
        _queue.AddRateLimited("b");

        _metrics.ToString().Should().Contain("workqueue_retries_total{name=\"test\",controller=\"test\"} 2\n", "controller-runtime counts so, too");
    }

    private WorkQueue<string> Grouped() => new("test", Options with { Group = static key => key.Split('/')[0] }, _time);

    private ValueTask<WorkItem<string>> TakeAsync() => _queue.TakeAsync(TestContext.Current.CancellationToken);

    private bool IsEmpty() => !_queue.TryTake(out _);

    private async Task<List<string>> TakeAllAsync()
    {
        var keys = new List<string>();
        while (_queue.Count > 0)
        {
            keys.Add((await TakeAsync()).Key);
        }

        return keys;
    }
}
