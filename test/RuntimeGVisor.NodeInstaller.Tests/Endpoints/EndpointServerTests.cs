// SPDX-License-Identifier: Apache-2.0

using System.Net;
using System.Net.Sockets;
using System.Text.Json.Nodes;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using RuntimeGVisor.NodeInstaller.Convergence;
using RuntimeGVisor.NodeInstaller.Endpoints;

namespace RuntimeGVisor.NodeInstaller.Tests.Endpoints;

public sealed class EndpointServerTests : IAsyncLifetime
{
    private readonly FakeTimeProvider _time = new();
    private readonly InstallerMetrics _metrics = new();
    private readonly StatusHolder _status;
    private EndpointServer _server = null!;
    private HttpClient _client = null!;

    public EndpointServerTests() => _status = new(
        new() { DesiredState = "Installed", InstallerVersion = "1.2.3", Handler = "runsc", WorkerPool = "pool-a" }, _time);

    private static CancellationToken CancellationToken => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        var port = FreePort();
        _server = new(port, _status, _metrics, NullLoggerFactory.Instance);
        await _server.StartAsync(CancellationToken);
        _client = new() { BaseAddress = new($"http://127.0.0.1:{port}") };
    }

    public async ValueTask DisposeAsync()
    {
        _client.Dispose();
        await _server.StopAsync(CancellationToken.None);
        _server.Dispose();
    }

    [Fact]
    public async Task Readiness_is_the_proven_state_and_says_why_not()
    {
        var (before, starting) = await GetAsync("/readyz");
        _status.Report = _status.Report with { Reason = "SandboxFailed", Message = "the sandbox does not start" };
        var (failed, failure) = await GetAsync("/readyz");
        _status.Report = _status.Report with { Ready = true, Reason = "", RemainingPods = ["default/a (sandbox 123)"] };
        var (ready, report) = await GetAsync("/readyz");

        (before, failed, ready).Should().Be((HttpStatusCode.ServiceUnavailable, HttpStatusCode.ServiceUnavailable, HttpStatusCode.OK));
        ((string)JsonNode.Parse(starting)!["reason"]!).Should().Be("Starting");
        ((string)JsonNode.Parse(failure)!["message"]!).Should().Be("the sandbox does not start");
        ((string)JsonNode.Parse(report)!["remainingPods"]![0]!).Should().Be("default/a (sandbox 123)");
    }

    [Fact]
    public async Task A_pass_that_hangs_ends_the_installers_health_and_one_that_fails_does_not()
    {
        _status.PassStarted();
        _time.Advance(TimeSpan.FromMinutes(4));
        var (working, _) = await GetAsync("/healthz");
        _time.Advance(TimeSpan.FromMinutes(2));
        var (hanging, _) = await GetAsync("/healthz");
        _status.PassEnded();
        var (waiting, _) = await GetAsync("/healthz");

        (working, hanging, waiting).Should().Be((HttpStatusCode.OK, HttpStatusCode.ServiceUnavailable, HttpStatusCode.OK));
    }

    [Fact]
    public async Task Every_series_is_there_from_the_start()
    {
        var (_, before) = await GetAsync("/metrics");
        _metrics.Failed(FailureReason.SandboxFailed, TimeSpan.FromSeconds(1));
        _metrics.Succeeded(
            new("20260810.0", [new(DriftCause.HandlerLost, "")], ChangedFiles: true, Restarted: true, Proved: true, []), TimeSpan.FromSeconds(2));
        _metrics.Restarted();
        var (_, after) = await GetAsync("/metrics");

        Names(after).Should().Equal(Names(before));
        Names(before).Should().Contain(Enum.GetNames<FailureReason>().Select(reason => $"gvisor_node_installer_failures_total{{reason=\"{reason}\"}}"))
            .And.Contain(Enum.GetNames<DriftCause>().Select(cause => $"gvisor_node_installer_repairs_total{{cause=\"{cause}\"}}"));
        after.Split('\n').Should().Contain(
        [
            "gvisor_node_installer_failures_total{reason=\"SandboxFailed\"} 1",
            "gvisor_node_installer_repairs_total{cause=\"HandlerLost\"} 1",
            "gvisor_node_installer_containerd_restarts_total 1",
            "gvisor_node_installer_proofs_total 1",
            "gvisor_node_installer_installs_total 0",
            "gvisor_node_installer_passes_total 2",
            "gvisor_node_installer_pass_duration_seconds_total 3",
        ]);

        static IEnumerable<string> Names(string metrics) =>
            metrics.Split('\n').Where(line => line.Length > 0 && !line.StartsWith('#')).Select(line => line[..line.LastIndexOf(' ')]);
    }

    [Fact]
    public async Task Anything_else_is_refused()
    {
        using var body = new StringContent("{}");
        using var posted = await _client.PostAsync(new Uri("/readyz", UriKind.Relative), body, CancellationToken);

        posted.StatusCode.Should().Be(HttpStatusCode.MethodNotAllowed);
        (await GetAsync("/")).Status.Should().Be(HttpStatusCode.NotFound);
        (await GetAsync("/debug/pprof")).Status.Should().Be(HttpStatusCode.NotFound);
        (await GetAsync($"/{new string('a', 4000)}")).Status.Should().Be(HttpStatusCode.RequestUriTooLong);
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    private async Task<(HttpStatusCode Status, string Body)> GetAsync(string path)
    {
        using var response = await _client.GetAsync(new Uri(path, UriKind.Relative), CancellationToken);
        return (response.StatusCode, await response.Content.ReadAsStringAsync(CancellationToken));
    }
}
