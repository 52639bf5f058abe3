// SPDX-License-Identifier: Apache-2.0

using Hosting.Endpoints;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.Options;
using RuntimeGVisor.Admission.Certificates;

namespace RuntimeGVisor.Admission.Server;

/// <summary>Kestrel alone with TLS, as docs/adr/0012 has it, around the webhook.</summary>
/// <param name="address">Where it listens.</param>
/// <param name="certificate">What it serves.</param>
/// <param name="handler">Answers requests.</param>
/// <param name="drainTime">How long requests are still taken after it was told to end.</param>
/// <param name="time">The clock.</param>
/// <param name="loggers">For Kestrel and for itself.</param>
internal sealed partial class WebhookServer(
    BindAddress address, ServedCertificate certificate, WebhookHandler handler, TimeSpan drainTime, TimeProvider time, ILoggerFactory loggers)
{
    /// <summary>The largest body: an object and what it was before, of 3 MiB each at most, and the review around them.</summary>
    public const int MaxBodySize = 7 * 1024 * 1024;

    /// <summary>API servers reuse their connections; more than this are no API servers'.</summary>
    private const int MaxConnections = 256;

    /// <summary>How long requests that have begun may take to end.</summary>
    private static readonly TimeSpan StopTimeout = TimeSpan.FromSeconds(10);

    private readonly ILogger _logger = loggers.CreateLogger<WebhookServer>();

    /// <summary>Whether requests are taken and shall go on coming.</summary>
    public bool IsOpen { get; private set; }

    /// <summary>The port that it listens on; null before.</summary>
    public int? Port { get; private set; }

    /// <summary>Serves until cancelled. Then it is no longer ready, but answers until nobody asks any more.</summary>
    /// <exception cref="IOException">The address is not free.</exception>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        using var server = new KestrelServer(
            Options.Create(CreateOptions()), new SocketTransportFactory(Options.Create(new SocketTransportOptions()), loggers), loggers);
        await server.StartAsync(new Application(handler.HandleAsync), CancellationToken.None);
        Port = new Uri(server.Features.Get<IServerAddressesFeature>()!.Addresses.First()).Port;
        LogListening(Port.Value);
        IsOpen = true;
        await Task.Delay(Timeout.InfiniteTimeSpan, time, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);

        IsOpen = false;
        handler.Drain();
        LogDraining(drainTime);
        await Task.Delay(drainTime, time, CancellationToken.None);
        using var timeout = new CancellationTokenSource(StopTimeout, time);
        await server.StopAsync(timeout.Token);
    }

    private KestrelServerOptions CreateOptions()
    {
        var options = new KestrelServerOptions { AddServerHeader = false };
        options.Limits.MaxRequestBodySize = MaxBodySize;
        options.Limits.MaxConcurrentConnections = MaxConnections;
        if (address.EndPoint.Address.Equals(System.Net.IPAddress.IPv6Any))
        {
            // Falls back to IPv4 where there is no IPv6.
            options.ListenAnyIP(address.EndPoint.Port, Configure);
        }
        else
        {
            options.Listen(address.EndPoint, Configure);
        }

        return options;
    }

    private void Configure(ListenOptions listen)
    {
        // API servers ask for nothing newer, so that their connections are spread over the replicas.
        listen.Protocols = HttpProtocols.Http1;
        listen.Use(next => new TlsConnection(next, certificate, time, _logger).ServeAsync);
    }

    [LoggerMessage(LogLevel.Information, "Serving the webhook on port {Port}")]
    private partial void LogListening(int port);

    [LoggerMessage(LogLevel.Information, "Draining: requests are taken for another {DrainTime}")]
    private partial void LogDraining(TimeSpan drainTime);

    private sealed class Application(RequestDelegate handle) : IHttpApplication<HttpContext>
    {
        public HttpContext CreateContext(IFeatureCollection contextFeatures) => new DefaultHttpContext(contextFeatures);

        public Task ProcessRequestAsync(HttpContext context) => handle(context);

        public void DisposeContext(HttpContext context, Exception? exception)
        {
        }
    }
}
