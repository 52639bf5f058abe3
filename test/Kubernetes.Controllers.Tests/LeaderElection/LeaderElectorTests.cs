// SPDX-License-Identifier: Apache-2.0

using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Hosting.Metrics;
using Kubernetes.Controllers.LeaderElection;
using Kubernetes.Controllers.Tests.Testing;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;

namespace Kubernetes.Controllers.Tests.LeaderElection;

public sealed class LeaderElectorTests : IDisposable
{
    private const string MicroTime = @"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$";
    private static readonly TimeSpan Step = TimeSpan.FromMilliseconds(100);

    private readonly FakeTimeProvider _time = new();
    private readonly FakeLeases _leases = new();
    private readonly List<IDisposable> _owned = [];

    public void Dispose() => _owned.ForEach(owned => owned.Dispose());

    [Fact]
    public async Task The_first_one_creates_the_Lease_and_leads()
    {
        var a = Run("a");

        await HoldsAsync(() => a.IsLeading, "a leads");

        var spec = _leases.Spec!;
        ((string?)spec["holderIdentity"]).Should().Be("a");
        ((int?)spec["leaseDurationSeconds"]).Should().Be(15);
        ((int?)spec["leaseTransitions"]).Should().Be(0);
        ((string?)spec["renewTime"]).Should().MatchRegex(MicroTime, "the API server rejects other fractions");
        ((string?)spec["acquireTime"]).Should().MatchRegex(MicroTime);
        a.Status.Should().Be(1);
    }

    [Fact]
    public async Task The_Lease_is_renewed_every_two_seconds_with_one_request_each()
    {
        var a = Run("a");
        await HoldsAsync(() => a.IsLeading, "a leads");
        var calls = _leases.Calls;
        var acquired = (string?)_leases.Spec!["acquireTime"];

        await HoldsAsync(() => _leases.Calls >= calls + 10, "it is renewed");

        _time.GetUtcNow().Should().BeCloseTo(Started + TimeSpan.FromSeconds(20), TimeSpan.FromSeconds(2));
        ((string?)_leases.Spec!["acquireTime"]).Should().Be(acquired);
        ((int?)_leases.Spec!["leaseTransitions"]).Should().Be(0);
    }

    [Fact]
    public async Task The_follower_takes_over_within_two_seconds_after_a_release()
    {
        var a = Run("a");
        await HoldsAsync(() => a.IsLeading, "a leads");
        var b = Run("b");
        await HoldsAsync(() => _time.GetUtcNow() > Started + TimeSpan.FromSeconds(30), "time passes");
        b.IsLeading.Should().BeFalse();
        b.Status.Should().Be(0);

        await a.StopAsync();
        var released = _time.GetUtcNow();
        _leases.Holder.Should().BeNull();
        await HoldsAsync(() => b.IsLeading, "b leads");

        (_time.GetUtcNow() - released).Should().BeLessThan(TimeSpan.FromSeconds(2));
        a.Status.Should().Be(0);
        ((int?)_leases.Spec!["leaseTransitions"]).Should().Be(1);
    }

    [Fact]
    public async Task The_follower_takes_over_17_s_after_a_crash_at_most_once_the_Lease_has_run_out()
    {
        _leases.Edit(HeldBy("crashed"));
        var b = Run("b");

        await HoldsAsync(() => b.IsLeading, "b leads");

        (_time.GetUtcNow() - Started).Should().BeGreaterThanOrEqualTo(TimeSpan.FromSeconds(15)).And.BeLessThan(TimeSpan.FromSeconds(17));
    }

    [Fact]
    public async Task A_foreign_clock_does_not_matter()
    {
        var spec = HeldBy("other");
        spec["spec"]!["renewTime"] = "1999-01-01T00:00:00.000000Z";
        _leases.Edit(spec);
        var b = Run("b");

        await HoldsAsync(() => b.IsLeading, "b leads");

        (_time.GetUtcNow() - Started).Should().BeGreaterThanOrEqualTo(TimeSpan.FromSeconds(15));
    }

    [Fact]
    public async Task Fields_of_others_stay_in_the_Lease()
    {
        _leases.Edit(new JsonObject
        {
            ["metadata"] = new JsonObject { ["labels"] = new JsonObject { ["kept"] = "yes" } },
            ["spec"] = new JsonObject { ["strategy"] = "OldestEmulationVersion", ["preferredHolder"] = "c", ["future"] = 1 },
        });
        var a = Run("a");
        await HoldsAsync(() => a.IsLeading, "a leads");
        await a.StopAsync();

        _leases.Spec!.Select(field => field.Key).Should().Contain(["strategy", "preferredHolder", "future"]);
    }

    [Fact]
    public async Task Errors_while_waiting_are_tried_again_until_it_works()
    {
        _leases.Fault = new HttpRequestException("connection refused");
        var a = Run("a");
        await HoldsAsync(() => _leases.Calls > 20, "it goes on trying");
        a.Elector.Failure.Should().Contain("connection refused");

        _leases.Fault = null;
        await HoldsAsync(() => a.IsLeading, "a leads");

        a.Elector.Failure.Should().BeNull();
    }

    [Fact]
    public async Task An_outage_shorter_than_the_deadline_costs_nothing()
    {
        var a = Run("a");
        await HoldsAsync(() => a.IsLeading, "a leads");
        _leases.Fault = new HttpRequestException("connection refused");
        var before = _time.GetUtcNow();
        await HoldsAsync(() => _time.GetUtcNow() >= before + TimeSpan.FromSeconds(7), "time passes");
        _leases.Fault = null;

        await HoldsAsync(() => _time.GetUtcNow() >= before + TimeSpan.FromSeconds(60), "time passes");

        a.IsLeading.Should().BeTrue();
        a.Elector.LeadershipLost.IsCancellationRequested.Should().BeFalse();
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task An_outage_longer_than_the_deadline_ends_the_leadership_before_another_can_begin(bool hanging)
    {
        var a = Run("a");
        await HoldsAsync(() => a.IsLeading, "a leads");
        var before = _time.GetUtcNow();
        if (hanging)
        {
            _leases.Hangs = true;
        }
        else
        {
            _leases.Fault = new HttpRequestException("connection refused");
        }

        await HoldsAsync(() => a.Elector.LeadershipLost.IsCancellationRequested, "the leadership is lost");

        (_time.GetUtcNow() - before).Should().BeLessThan(TimeSpan.FromSeconds(10.5), "the last renewal was up to two seconds before");
        await HoldsAsync(() => a.Running.IsCompleted, "a has ended");
        await FluentActions.Awaiting(() => a.Running).Should().ThrowAsync<LeadershipLostException>();
        a.IsLeading.Should().BeFalse();
        a.Status.Should().Be(0);
    }

    [Fact]
    public async Task A_Lease_that_another_has_taken_is_lost_at_once()
    {
        var a = Run("a");
        await HoldsAsync(() => a.IsLeading, "a leads");

        _leases.Edit(HeldBy("b"));
        await HoldsAsync(() => a.Running.IsCompleted, "a has ended");

        (await FluentActions.Awaiting(() => a.Running).Should().ThrowAsync<LeadershipLostException>()).Which.Message.Should().Contain("held by b");
        _leases.Holder.Should().Be("b", "what is not ours is not released");
    }

    [Fact]
    public async Task Work_that_does_not_stop_is_left_alone_before_the_Lease_can_be_taken()
    {
        var a = Run("a", new TaskCompletionSource().Task);
        await HoldsAsync(() => a.IsLeading, "a leads");
        var before = _time.GetUtcNow();
        _leases.Fault = new HttpRequestException("connection refused");

        await HoldsAsync(() => a.Running.IsCompleted, "a has ended");

        (_time.GetUtcNow() - before).Should().BeGreaterThan(TimeSpan.FromSeconds(12)).And.BeLessThanOrEqualTo(TimeSpan.FromSeconds(15.1));
        await FluentActions.Awaiting(() => a.Running).Should().ThrowAsync<LeadershipLostException>();
    }

    [Fact]
    public async Task A_leader_that_stood_still_goes_on_if_nobody_has_taken_the_Lease()
    {
        var a = Run("a");
        await HoldsAsync(() => a.IsLeading, "a leads");
        var calls = _leases.Calls;

        _time.Advance(TimeSpan.FromSeconds(12));
        await HoldsAsync(() => _leases.Calls >= calls + 3, "it renews again");

        a.IsLeading.Should().BeTrue();
        a.Elector.LeadershipLost.IsCancellationRequested.Should().BeFalse();
    }

    [Fact]
    public async Task A_leader_that_stood_still_stops_if_another_has_taken_the_Lease_meanwhile()
    {
        var a = Run("a");
        await HoldsAsync(() => a.IsLeading, "a leads");
        _leases.Edit(HeldBy("b"));
        a.Elector.IsLeaseValid.Should().BeTrue();

        _time.Advance(TimeSpan.FromSeconds(20));
        a.Elector.IsLeaseValid.Should().BeFalse("this must be known before anybody has asked the server");
        await HoldsAsync(() => a.Running.IsCompleted, "a has ended");

        (await FluentActions.Awaiting(() => a.Running).Should().ThrowAsync<LeadershipLostException>()).Which.Message.Should().Contain("held by b");
    }

    [Fact]
    public async Task Somebody_who_labels_the_Lease_again_and_again_takes_no_leadership()
    {
        var a = Run("a");
        await HoldsAsync(() => a.IsLeading, "a leads");
        var (calls, label) = (_leases.Calls, 0);
        _leases.BeforePatch = () => _leases.Edit(new JsonObject { ["metadata"] = new JsonObject { ["labels"] = new JsonObject { ["a"] = $"{label++}" } } });
        await HoldsAsync(() => _leases.Calls >= calls + 6, "two attempts have met with conflicts");
        _leases.BeforePatch = null;
        calls = _leases.Calls;

        await HoldsAsync(() => _leases.Calls >= calls + 5, "it is renewed");

        a.IsLeading.Should().BeTrue();
        a.Elector.Failure.Should().BeNull();
    }

    [Fact]
    public async Task The_Lease_is_renewed_while_the_leader_finishes_its_work()
    {
        var finish = new TaskCompletionSource();
        var a = Run("a", finish.Task);
        await HoldsAsync(() => a.IsLeading, "a leads");
        var b = Run("b");

        var stopping = a.StopAsync();
        var before = _time.GetUtcNow();
        await HoldsAsync(() => _time.GetUtcNow() > before + TimeSpan.FromSeconds(25), "time passes");
        b.IsLeading.Should().BeFalse("a still finishes");
        stopping.IsCompleted.Should().BeFalse();

        finish.SetResult();
        await stopping;
        await HoldsAsync(() => b.IsLeading, "b leads");
    }

    [Fact]
    public async Task Of_many_only_one_leads_at_any_time()
    {
        var all = Enumerable.Range(0, 5).Select(i => Run($"candidate-{i}")).ToList();
        for (var round = 0; round < 5; round++)
        {
            await HoldsAsync(() => all.Exists(one => one.IsLeading), "someone leads");
            all.Count(one => one.IsLeading).Should().Be(1);
            await all.Single(one => one.IsLeading).StopAsync();
        }
    }

    [Theory]
    [InlineData(15, 15, 2)]
    [InlineData(15, 10, 10)]
    [InlineData(15, 10, 0)]
    public void Times_that_would_let_two_lead_are_refused(int duration, int deadline, int period)
    {
        var options = Options("a") with
        {
            LeaseDuration = TimeSpan.FromSeconds(duration),
            RenewDeadline = TimeSpan.FromSeconds(deadline),
            RetryPeriod = TimeSpan.FromSeconds(period),
        };

        FluentActions.Invoking(() => new LeaderElector(_leases, options, _time, NullLogger.Instance)).Should().Throw<ArgumentException>();
    }

    [Fact]
    public void The_identity_is_host_name_and_uuid() =>
        new LeaderElectionOptions { Namespace = "n", Name = "l" }.Identity.Should().MatchRegex($"^{Regex.Escape(Environment.MachineName)}_[0-9a-f-]{{36}}$");

    private DateTimeOffset Started => _time.Start;

    private static LeaderElectionOptions Options(string identity) => new() { Namespace = "garden", Name = "lease", Identity = identity };

    private static JsonObject HeldBy(string identity) => new()
    {
        ["spec"] = new JsonObject { ["holderIdentity"] = identity, ["leaseDurationSeconds"] = 15, ["leaseTransitions"] = 3 },
    };

    private Candidate Run(string identity, Task? finish = null)
    {
        var candidate = new Candidate(_leases, Options(identity), _time, finish ?? Task.CompletedTask);
        _owned.Add(candidate);
        return candidate;
    }

    private Task HoldsAsync(Func<bool> condition, string because) => Eventually.HoldsAsync(condition, because, _time, Step);

    private sealed class Candidate : IDisposable
    {
        private readonly MetricRegistry _metrics = new();
        private readonly CancellationTokenSource _stop = new();
        private volatile bool _isLeading;

        public Candidate(FakeLeases leases, LeaderElectionOptions options, TimeProvider time, Task finish)
        {
            Elector = new LeaderElector(leases, options, time, NullLogger.Instance, _metrics);
            Running = Elector.RunAsync(LeadAsync, _stop.Token);

            async Task LeadAsync(CancellationToken stopping)
            {
                _isLeading = true;
                await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, stopping).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                await finish;
                _isLeading = false;
            }
        }

        public LeaderElector Elector { get; }

        public Task Running { get; }

        public bool IsLeading => _isLeading;

        public double Status => _metrics.Gauge("leader_election_master_status", "", "name").With("lease").Value;

        public async Task StopAsync()
        {
            await _stop.CancelAsync();
            await Running;
        }

        public void Dispose()
        {
            _stop.Cancel();
            Elector.Dispose();
            _stop.Dispose();
        }
    }
}
