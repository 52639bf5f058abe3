// SPDX-License-Identifier: Apache-2.0

using System.Net;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Hosting.Endpoints;

/// <summary>Kestrel alone, without a web application's container, configuration and routing: it answers GETs on one address.</summary>
public sealed class HttpEndpoint : IAsyncDisposable
{
    /// <summary>How many connections one address may have at a time; Prometheus and the kubelet need one each.</summary>
    public const int MaxConnectionsPerPeer = 16;

    private const int MaxRequestLine = 2 * 1024;
    private const int MaxHeaders = 8 * 1024;
    private static readonly TimeSpan SilenceTimeout = TimeSpan.FromSeconds(10);

    private readonly KestrelServer _server;

    private HttpEndpoint(KestrelServer server) => _server = server;

    /// <summary>The port that it listens on.</summary>
    public int Port => new Uri(_server.Features.Get<IServerAddressesFeature>()!.Addresses.First()).Port;

    /// <exception cref="IOException">The address is not free.</exception>
    public static async Task<HttpEndpoint> StartAsync(BindAddress address, RequestDelegate handle, ILoggerFactory loggers, CancellationToken cancellationToken)
    {
        var options = new KestrelServerOptions { AddServerHeader = false };
        options.Limits.MaxRequestBodySize = 0;
        options.Limits.MaxRequestLineSize = MaxRequestLine;
        options.Limits.MaxRequestHeadersTotalSize = MaxHeaders;
        options.Limits.RequestHeadersTimeout = SilenceTimeout;
        if (address.EndPoint.Address.Equals(IPAddress.IPv6Any))
        {
            // Falls back to IPv4 where there is no IPv6.
            options.ListenAnyIP(address.EndPoint.Port, Configure);
        }
        else
        {
            options.Listen(address.EndPoint, Configure);
        }

        var transport = new SocketTransportFactory(Options.Create(new SocketTransportOptions { IOQueueCount = 1 }), loggers);
        var server = new KestrelServer(Options.Create(options), transport, loggers);
        try
        {
            await server.StartAsync(new Application(handle), cancellationToken);
            return new HttpEndpoint(server);
        }
        catch
        {
            server.Dispose();
            throw;
        }
    }

    private static void Configure(ListenOptions listen)
    {
        listen.Protocols = HttpProtocols.Http1;
        listen.Use(static next => new PeerLimit(next, MaxConnectionsPerPeer).ServeAsync);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        using var timeout = new CancellationTokenSource(TimeSpan.FromSeconds(1), TimeProvider.System);
        await _server.StopAsync(timeout.Token);
        _server.Dispose();
    }

    private sealed class Application(RequestDelegate handle) : IHttpApplication<HttpContext>
    {
        public HttpContext CreateContext(IFeatureCollection contextFeatures) => new DefaultHttpContext(contextFeatures);

        public async Task ProcessRequestAsync(HttpContext context)
        {
            if (HttpMethods.IsGet(context.Request.Method) || HttpMethods.IsHead(context.Request.Method))
            {
                await handle(context);
            }
            else
            {
                context.Response.StatusCode = StatusCodes.Status405MethodNotAllowed;
            }
        }

        public void DisposeContext(HttpContext context, Exception? exception)
        {
        }
    }
}
