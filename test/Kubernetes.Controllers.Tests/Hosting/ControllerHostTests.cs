// SPDX-License-Identifier: Apache-2.0

using System.Collections.Concurrent;
using System.Net;
using Hosting.Endpoints;
using Hosting.Metrics;
using Kubernetes.Controllers.Caching;
using Kubernetes.Controllers.Client;
using Kubernetes.Controllers.Events;
using Kubernetes.Controllers.Hosting;
using Kubernetes.Controllers.LeaderElection;
using Kubernetes.Controllers.Reconciling;
using Kubernetes.Controllers.Tests.Testing;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;

namespace Kubernetes.Controllers.Tests.Hosting;

public sealed class ControllerHostTests : IAsyncLifetime
{
    private readonly FakeTimeProvider _time = new();
    private readonly CancellationTokenSource _stop = new();
    private readonly ConcurrentQueue<ObjectKey> _reconciled = new();
    private readonly HttpClient _http = new();
    private FakeApiServer _server = null!;
    private ApiClient _client = null!;
    private ControllerHost? _host;
    private Task _running = Task.CompletedTask;

    public async ValueTask InitializeAsync()
    {
        _server = await FakeApiServer.StartAsync();
        _client = _server.Client();
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _running.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _host?.Dispose();
        _client.Dispose();
        _http.Dispose();
        await _server.DisposeAsync();
        _stop.Dispose();
    }

    [Fact]
    public async Task A_program_serves_reconciles_and_stops()
    {
        _server.OnList(10, Widget.Create("a"));
        Start();

        await HoldsAsync(() => !_reconciled.IsEmpty, "the object is reconciled");

        (await GetAsync(_host!.HealthPort, "/healthz")).Should().Be((HttpStatusCode.OK, "ok"));
        (await GetAsync(_host.HealthPort, "/readyz?verbose")).Should().Be((HttpStatusCode.OK, "[+]informers ok\n[+]ping ok\nreadyz check passed\n"));
        (await GetAsync(_host.HealthPort, "/readyz/ping")).Status.Should().Be(HttpStatusCode.OK);
        (await GetAsync(_host.HealthPort, "/readyz/nothing")).Status.Should().Be(HttpStatusCode.NotFound);
        (await GetAsync(_host.HealthPort, "/metrics")).Status.Should().Be(HttpStatusCode.NotFound);
        (await GetAsync(_host.MetricsPort, "/metrics")).Text.Should().Contain("controller_runtime_reconcile_total{controller=\"widget\",result=\"success\"} 1\n");
        (await GetAsync(_host.MetricsPort, "/healthz")).Status.Should().Be(HttpStatusCode.NotFound);

        await _stop.CancelAsync();
        await _running;
    }

    [Fact]
    public async Task A_process_without_an_API_server_is_alive_but_not_ready_until_the_sync_deadline()
    {
        await _server.DisposeAsync();
        Start();
        await HoldsAsync(() => _host!.Readiness.Run().Any(problem => problem.Value.Contains("HttpRequestException", StringComparison.Ordinal)), "the failure is known");

        (await GetAsync(_host!.HealthPort, "/healthz")).Status.Should().Be(HttpStatusCode.OK);
        var (status, text) = await GetAsync(_host.HealthPort, "/readyz");
        status.Should().Be(HttpStatusCode.InternalServerError);
        text.Should().Contain("[-]informers failed: widgets.example.test: HttpRequestException");

        _time.Advance(TimeSpan.FromMinutes(4));
        (await GetAsync(_host.HealthPort, "/healthz")).Text.Should().Contain("[-]informer-sync failed: widgets.example.test is not complete after 00:03:00");
    }

    [Fact]
    public async Task A_follower_is_ready_and_caches_nothing()
    {
        var leases = new FakeLeases();
        leases.Edit(new System.Text.Json.Nodes.JsonObject
        {
            ["spec"] = new System.Text.Json.Nodes.JsonObject { ["holderIdentity"] = "another", ["leaseDurationSeconds"] = 15 },
        });
        Start(leases, new LeaderElectionOptions { Namespace = "garden", Name = "lease", Identity = "follower" });
        await HoldsAsync(() => leases.Calls > 1, "it looks at the Lease");

        (await GetAsync(_host!.HealthPort, "/readyz")).Status.Should().Be(HttpStatusCode.OK);
        (await GetAsync(_host.HealthPort, "/healthz")).Status.Should().Be(HttpStatusCode.OK);
        (await GetAsync(_host.MetricsPort, "/metrics")).Text.Should().Contain("leader_election_master_status{name=\"lease\"} 0\n");
        _reconciled.Should().BeEmpty();

        leases.Fault = new HttpRequestException("connection refused");
        await HoldsAsync(() => _host.Readiness.Run().ContainsKey("leader-election"), "the failure is visible");
    }

    [Fact]
    public async Task Losing_the_leadership_ends_the_program_with_an_error()
    {
        var leases = new FakeLeases();
        Start(leases, new LeaderElectionOptions { Namespace = "garden", Name = "lease", Identity = "leader" });
        await HoldsAsync(() => leases.Holder == "leader", "it leads");

        leases.Edit(new System.Text.Json.Nodes.JsonObject { ["spec"] = new System.Text.Json.Nodes.JsonObject { ["holderIdentity"] = "another" } });
        await HoldsAsync(() => _running.IsCompleted, "it ends");

        await FluentActions.Awaiting(() => _running).Should().ThrowAsync<LeadershipLostException>();
    }

    [Fact]
    public async Task A_task_that_fails_ends_the_program_with_its_error()
    {
        Create(_client, null);
        _host!.AddTask(static _ => throw new InvalidOperationException("broken"));
        _running = _host.RunAsync(_stop.Token);

        await FluentActions.Awaiting(() => _running).Should().ThrowAsync<InvalidOperationException>().WithMessage("broken");
    }

    [Fact]
    public async Task A_task_that_is_done_ends_nothing()
    {
        Create(_client, null);
        _host!.AddTask(static _ => Task.CompletedTask);
        _running = _host.RunAsync(_stop.Token);
        var before = _time.GetUtcNow();

        await HoldsAsync(() => _time.GetUtcNow() > before + TimeSpan.FromSeconds(2), "time passes");
        _running.IsCompleted.Should().BeFalse();

        await _stop.CancelAsync();
        await _running;
    }

    [Fact]
    public async Task A_part_that_fails_while_the_program_stops_does_not_make_the_end_a_failure()
    {
        Create(_client, null);
        _host!.AddTask(async stopping =>
        {
            await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, stopping).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            throw new HttpRequestException("connection refused");
        });
        _running = _host.RunAsync(_stop.Token);

        await _stop.CancelAsync();

        await _running;
    }

    [Fact]
    public async Task A_program_that_is_told_to_end_before_it_has_started_ends_in_order()
    {
        await _stop.CancelAsync();
        Start();

        await _running;
    }

    [Fact]
    public async Task An_event_of_the_last_reconcile_is_written_before_the_program_ends()
    {
        var isWritten = false;
        _server.Otherwise(async context =>
        {
            isWritten = context.Request.Path == "/api/v1/namespaces/default/events";
            await context.Request.Body.CopyToAsync(context.Response.Body);
        });
        Create(_client, null);
        var events = _host!.AddEventRecorder("test");
        _host.AddTask(async stopping =>
        {
            await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, stopping).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            events.Record(Widget.Create("a") with { ApiVersion = "example.test/v1", Kind = "Widget" }, EventType.Warning, "Broken", "it is broken");
        });
        _running = _host.RunAsync(_stop.Token);

        await _stop.CancelAsync();
        await _running;

        isWritten.Should().BeTrue();
    }

    [Fact]
    public async Task An_address_in_use_is_an_error_at_the_start()
    {
        Start();
        await HoldsAsync(() => _host!.HealthPort is not null, "it listens");
        using var second = new ControllerHost(
            _client, new ControllerHostOptions { HealthAddress = BindAddress.Parse($"127.0.0.1:{_host!.HealthPort}") }, _time, NullLoggerFactory.Instance, new MetricRegistry());

        await FluentActions.Awaiting(() => second.RunAsync(_stop.Token)).Should().ThrowAsync<IOException>();
    }

    [Fact]
    public async Task A_shutdown_that_takes_too_long_is_given_up()
    {
        Create(_client, null);
        _host!.AddTask(static _ => new TaskCompletionSource().Task);
        _running = _host.RunAsync(_stop.Token);

        await _stop.CancelAsync();
        await HoldsAsync(() => _running.IsCompleted, "it gives up");

        await FluentActions.Awaiting(() => _running).Should().ThrowAsync<TimeoutException>();
    }

    [Theory]
    [InlineData(":8080", "[::]:8080")]
    [InlineData("127.0.0.1:0", "127.0.0.1:0")]
    [InlineData("[::1]:81", "[::1]:81")]
    [InlineData("0", null)]
    [InlineData("", null)]
    public void Addresses_are_written_as_for_controller_runtime(string text, string? expected) => BindAddress.Parse(text)?.ToString().Should().Be(expected);

    [Theory]
    [InlineData("8080")]
    [InlineData(":port")]
    [InlineData(":70000")]
    [InlineData(":-1")]
    [InlineData("localhost:80")]
    [InlineData("::1:80")]
    [InlineData("[127.0.0.1]:80")]
    public void Other_addresses_are_errors_that_name_the_allowed_forms(string text) =>
        FluentActions.Invoking(() => BindAddress.Parse(text)).Should().Throw<FormatException>().WithMessage($"'{text}'*:PORT*");

    private void Create(IApiClient client, LeaderElectionOptions? election)
    {
        var address = BindAddress.Parse("127.0.0.1:0");
        var options = new ControllerHostOptions { HealthAddress = address, MetricsAddress = address, LeaderElection = election };
        _host = new ControllerHost(client, options, _time, NullLoggerFactory.Instance, new MetricRegistry());
    }

    private void Start(IApiClient? client = null, LeaderElectionOptions? election = null)
    {
        Create(client ?? _client, election);
        var widgets = _host!.AddInformer(Widget.Resource, new InformerOptions());
        _host.AddController("widget", new Reconciler(_reconciled), new ControllerOptions()).Watch(widgets, change => [ObjectKey.Of(change.Object)]);
        _running = _host.RunAsync(_stop.Token);
    }

    private Task HoldsAsync(Func<bool> condition, string because) => Eventually.HoldsAsync(condition, because, _time, TimeSpan.FromMilliseconds(100));

    private async Task<(HttpStatusCode Status, string Text)> GetAsync(int? port, string path)
    {
        using var response = await _http.GetAsync(new Uri($"http://127.0.0.1:{port}{path}"), TestContext.Current.CancellationToken);
        return (response.StatusCode, await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
    }

    private sealed class Reconciler(ConcurrentQueue<ObjectKey> reconciled) : IReconciler
    {
        public Task<ReconcileResult> ReconcileAsync(ObjectKey key, CancellationToken cancellationToken)
        {
            reconciled.Enqueue(key);
            return Task.FromResult(ReconcileResult.Done);
        }
    }
}
