// SPDX-License-Identifier: Apache-2.0

using System.Net;
using System.Text.Json.Nodes;
using Gardener.Extensions.Heartbeat;
using Hosting.Metrics;
using Kubernetes.Controllers.Client;
using Kubernetes.Controllers.LeaderElection;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;

namespace Gardener.Extensions.Tests.Heartbeat;

public sealed class HeartbeatLeaseTests
{
    private const string Namespace = "extension-sample-x7k2p";

    private static readonly ObjectKey Key = new(Namespace, "gardener-extension-heartbeat");

    private readonly TimeWithPauses _time = new(new DateTimeOffset(2026, 5, 4, 12, 0, 0, TimeSpan.FromHours(2)).AddTicks(1_234_567));
    private readonly MetricRegistry _metrics = new();
    private readonly InMemoryApiServer _server;
    private readonly HeartbeatLease _heartbeat;

    public HeartbeatLeaseTests()
    {
        _server = new InMemoryApiServer(_time);
        _heartbeat = new HeartbeatLease(
            new HeartbeatOptions { Namespace = Namespace, ExtensionName = "sample", MetricPrefix = "sample" },
            _server,
            _time,
            NullLogger<HeartbeatLease>.Instance,
            _metrics);
    }

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_first_beat_creates_the_lease()
    {
        await _heartbeat.BeatAsync(Cancellation);

        Spec().Should().Be("""{"holderIdentity":"sample","leaseDurationSeconds":30,"renewTime":"2026-05-04T10:00:00.123456Z"}""");
    }

    [Fact]
    public async Task The_time_of_the_last_beat_is_a_metric()
    {
        _metrics.ToString().Should().Contain("sample_heartbeat_renewed_timestamp_seconds 0\n");

        await _heartbeat.BeatAsync(Cancellation);

        _metrics.ToString().Should().Contain("sample_heartbeat_renewed_timestamp_seconds 1777888800.123\n");
    }

    [Fact]
    public async Task A_later_beat_is_one_request_and_owns_the_whole_specification()
    {
        _server.Add(Leases.Resource, """
            {
              "metadata": { "namespace": "extension-sample-x7k2p", "name": "gardener-extension-heartbeat", "labels": { "x": "y" } },
              "spec": {
                "holderIdentity": "other", "leaseDurationSeconds": 5, "renewTime": "2020-01-01T00:00:00.000000Z",
                "acquireTime": "2020-01-01T00:00:00.000000Z", "leaseTransitions": 7, "preferredHolder": "p", "strategy": "OldestEmulationVersion"
              }
            }
            """);

        await _heartbeat.BeatAsync(Cancellation);

        _server.Requests.Should().ContainSingle();
        Spec().Should().Be("""{"holderIdentity":"sample","leaseDurationSeconds":30,"renewTime":"2026-05-04T10:00:00.123456Z"}""");
        _server.Json(Leases.Resource, Key)!["metadata"]!["labels"]!["x"].Should().NotBeNull();
    }

    [Theory]
    [InlineData(0, "00.000000Z")]
    [InlineData(9, "00.000000Z")]
    [InlineData(10, "00.000001Z")]
    [InlineData(5_000_000, "00.500000Z")]
    [InlineData(9_999_999, "00.999999Z")]
    public async Task The_time_has_six_digits_in_both_forms_of_the_beat(int ticks, string end)
    {
        _time.SetUtcNow(new DateTimeOffset(2026, 5, 4, 11, 0, 0, TimeSpan.Zero).AddTicks(ticks));

        await _heartbeat.BeatAsync(Cancellation);
        var created = RenewTime();
        await _heartbeat.BeatAsync(Cancellation);

        created.Should().Be($"2026-05-04T11:00:{end}");
        RenewTime().Should().Be(created);
    }

    [Fact]
    public async Task The_heartbeat_beats_at_once_and_then_in_its_interval_until_it_is_stopped()
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(Cancellation);
        var running = _heartbeat.RunAsync(stop.Token);

        await PauseAsync(1);
        RenewTime().Should().Contain("10:00:00");
        _time.Advance(TimeSpan.FromSeconds(29));
        RenewTime().Should().Contain("10:00:00");
        _time.Advance(TimeSpan.FromSeconds(1));
        await PauseAsync(2);
        RenewTime().Should().Contain("10:00:30");

        await stop.CancelAsync();
        await running;
    }

    [Fact]
    public async Task A_beat_that_fails_is_repeated_soon()
    {
        var failures = 2;
        _server.Before = _ =>
        {
            if (failures-- > 0)
            {
                throw new ApiException(HttpStatusCode.ServiceUnavailable, null, "no");
            }
        };
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(Cancellation);
        var running = _heartbeat.RunAsync(stop.Token);

        await PauseAsync(1);
        _time.Advance(TimeSpan.FromSeconds(5));
        await PauseAsync(2);
        _server.All(Leases.Resource).Should().BeEmpty();
        _time.Advance(TimeSpan.FromSeconds(5));
        await PauseAsync(3);

        RenewTime().Should().Contain("10:00:10");
        await stop.CancelAsync();
        await running;
    }

    [Fact]
    public async Task Stopping_in_the_middle_of_a_beat_is_no_error()
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(Cancellation);
        _server.Before = _ =>
        {
            stop.Cancel();
            throw new OperationCanceledException(stop.Token);
        };

        await _heartbeat.RunAsync(stop.Token);

        _server.All(Leases.Resource).Should().BeEmpty();
    }

    private string Spec() => Sorted(_server.Json(Leases.Resource, Key)!["spec"]!.AsObject());

    private string RenewTime() => (string)_server.Json(Leases.Resource, Key)!["spec"]!["renewTime"]!;

    /// <summary>Waits until the beats have come to their n-th pause.</summary>
    private async Task PauseAsync(int n)
    {
        while (_time.Pauses < n)
        {
            Cancellation.ThrowIfCancellationRequested();
            await Task.Yield();
        }
    }

    private static string Sorted(JsonObject value) =>
        new JsonObject(value.OrderBy(field => field.Key, StringComparer.Ordinal).Select(field => KeyValuePair.Create(field.Key, field.Value?.DeepClone()))).ToJsonString();

    private sealed class TimeWithPauses(DateTimeOffset start) : FakeTimeProvider(start)
    {
        private int _pauses;

        public int Pauses => Volatile.Read(ref _pauses);

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
        {
            var timer = base.CreateTimer(callback, state, dueTime, period);
            Interlocked.Increment(ref _pauses);
            return timer;
        }
    }
}
