// SPDX-License-Identifier: Apache-2.0

using System.Net;
using System.Net.Sockets;
using System.Text.Json.Nodes;
using Hosting.Endpoints;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using RuntimeGVisor.NodeInstaller.Convergence;
using RuntimeGVisor.NodeInstaller.Endpoints;

namespace RuntimeGVisor.NodeInstaller.Tests.Endpoints;

public sealed class InstallerEndpointTests : IAsyncLifetime
{
    private readonly FakeTimeProvider _time = new();
    private readonly InstallerStatus _status;
    private HttpEndpoint _server = null!;
    private HttpClient _client = null!;

    public InstallerEndpointTests() => _status = new(
        new() { DesiredState = "Installed", InstallerVersion = "1.2.3", Handler = "runsc", WorkerPool = "pool-a" }, _time);

    private static CancellationToken CancellationToken => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _server = await InstallerEndpoint.StartAsync(0, _status, new(_status), NullLoggerFactory.Instance, CancellationToken);
        _client = new() { BaseAddress = new($"http://127.0.0.1:{_server.Port}") };
    }

    public async ValueTask DisposeAsync()
    {
        _client.Dispose();
        await _server.DisposeAsync();
    }

    [Fact]
    public async Task Readiness_is_the_verified_state_and_says_why_not()
    {
        var (before, starting) = await GetAsync("/readyz");
        _status.Report = _status.Report with { Reason = "SandboxFailed", Message = "the sandbox does not start" };
        var (failed, failure) = await GetAsync("/readyz");
        _status.Report = _status.Report with { Ready = true, Reason = "", RemainingSandboxes = ["k8s.io/123"] };
        var (ready, report) = await GetAsync("/readyz");

        (before, failed, ready).Should().Be((HttpStatusCode.ServiceUnavailable, HttpStatusCode.ServiceUnavailable, HttpStatusCode.OK));
        ((string)JsonNode.Parse(starting)!["reason"]!).Should().Be("Starting");
        ((string)JsonNode.Parse(failure)!["message"]!).Should().Be("the sandbox does not start");
        ((string)JsonNode.Parse(report)!["remainingSandboxes"]![0]!).Should().Be("k8s.io/123");
    }

    [Fact]
    public async Task A_reconcile_that_hangs_ends_the_installers_life_and_one_that_fails_does_not()
    {
        using var liveness = new LivenessSocket(_server.Port, _status);
        _status.ReconcileStarted();
        _time.Advance(TimeSpan.FromMinutes(14));
        var working = await LivenessSocket.AskAsync(_server.Port, TimeProvider.System, CancellationToken);
        _time.Advance(TimeSpan.FromMinutes(2));
        var hanging = await LivenessSocket.AskAsync(_server.Port, TimeProvider.System, CancellationToken);
        _status.ReconcileEnded();
        var waiting = await LivenessSocket.AskAsync(_server.Port, TimeProvider.System, CancellationToken);

        (working, hanging, waiting).Should().Be((true, false, true));
    }

    /// <summary>A pod that opens connections and says nothing must not keep Prometheus and the kubelet out.</summary>
    [Fact]
    public async Task A_peer_with_many_silent_connections_keeps_nobody_else_out()
    {
        using var crowd = new Crowd();
        for (var count = 0; count < 4 * HttpEndpoint.MaxConnectionsPerPeer; count++)
        {
            await crowd.ConnectAsync(IPAddress.Loopback, _server.Port, CancellationToken);
        }

        using var other = new HttpClient(new SocketsHttpHandler
        {
            ConnectCallback = async (context, cancellationToken) =>
            {
                var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
                socket.Bind(new IPEndPoint(IPAddress.Parse("127.0.0.2"), 0));
                await socket.ConnectAsync(context.DnsEndPoint, cancellationToken);
                return new NetworkStream(socket, ownsSocket: true);
            },
        });
        (await other.GetAsync(new Uri($"http://127.0.0.1:{_server.Port}/metrics"), CancellationToken)).StatusCode.Should().Be(HttpStatusCode.OK);
    }

    [Fact]
    public async Task Anything_else_is_refused()
    {
        using var body = new StringContent("{}");
        using var posted = await _client.PostAsync(new Uri("/readyz", UriKind.Relative), body, CancellationToken);

        posted.StatusCode.Should().BeOneOf(HttpStatusCode.MethodNotAllowed, HttpStatusCode.RequestEntityTooLarge);
        (await GetAsync("/")).Status.Should().Be(HttpStatusCode.NotFound);
        (await GetAsync("/debug/pprof")).Status.Should().Be(HttpStatusCode.NotFound);
        (await GetAsync($"/{new string('a', 4000)}")).Status.Should().Be(HttpStatusCode.RequestUriTooLong);
    }

    private async Task<(HttpStatusCode Status, string Body)> GetAsync(string path)
    {
        using var response = await _client.GetAsync(new Uri(path, UriKind.Relative), CancellationToken);
        return (response.StatusCode, await response.Content.ReadAsStringAsync(CancellationToken));
    }

    private sealed class Crowd : IDisposable
    {
        private readonly List<Socket> _sockets = [];

        public async Task ConnectAsync(IPAddress address, int port, CancellationToken cancellationToken)
        {
            var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            _sockets.Add(socket);
            await socket.ConnectAsync(address, port, cancellationToken);
        }

        public void Dispose() => _sockets.ForEach(socket => socket.Dispose());
    }
}
