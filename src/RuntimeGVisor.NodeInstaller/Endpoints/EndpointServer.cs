// SPDX-License-Identifier: Apache-2.0

using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace RuntimeGVisor.NodeInstaller.Endpoints;

/// <summary>
/// <c>/healthz</c>, <c>/readyz</c> and <c>/metrics</c>. Kestrel is used as a server alone: hosting, routing and configuration would cost
/// three times its memory for three fixed paths.
/// </summary>
internal sealed class EndpointServer : IDisposable
{
    private const int LongestRequestLine = 2 * 1024;
    private const int LongestHeaders = 8 * 1024;
    private const int MostConnections = 64;
    private readonly KestrelServer _server;
    private readonly Application _application;

    public EndpointServer(int port, StatusHolder status, InstallerMetrics metrics, ILoggerFactory loggers)
    {
        var options = new KestrelServerOptions { AddServerHeader = false };
        options.Limits.MaxRequestBodySize = 0;
        options.Limits.MaxRequestLineSize = LongestRequestLine;
        options.Limits.MaxRequestHeadersTotalSize = LongestHeaders;
        options.Limits.MaxConcurrentConnections = MostConnections;
        options.ListenAnyIP(port, listen => listen.Protocols = HttpProtocols.Http1);
        _server = new(Options.Create(options), new SocketTransportFactory(Options.Create(new SocketTransportOptions()), loggers), loggers);
        _application = new(status, metrics);
    }

    public Task StartAsync(CancellationToken cancellationToken) => _server.StartAsync(_application, cancellationToken);

    public Task StopAsync(CancellationToken cancellationToken) => _server.StopAsync(cancellationToken);

    public void Dispose() => _server.Dispose();

    private sealed class Application(StatusHolder status, InstallerMetrics metrics) : IHttpApplication<IFeatureCollection>
    {
        public IFeatureCollection CreateContext(IFeatureCollection contextFeatures) => contextFeatures;

        public void DisposeContext(IFeatureCollection context, Exception? exception)
        {
        }

        public async Task ProcessRequestAsync(IFeatureCollection context)
        {
            var (code, type, body) = Answer(context.GetRequiredFeature<IHttpRequestFeature>());
            var response = context.GetRequiredFeature<IHttpResponseFeature>();
            var bytes = Encoding.UTF8.GetBytes(body);
            response.StatusCode = code;
            response.Headers.ContentType = type;
            response.Headers.ContentLength = bytes.Length;
            await context.GetRequiredFeature<IHttpResponseBodyFeature>().Stream.WriteAsync(bytes);
        }

        private (int Code, string Type, string Body) Answer(IHttpRequestFeature request)
        {
            var report = status.Report;
            return (request.Method, request.Path) switch
            {
                ("GET", "/healthz") => status.IsAlive ? (200, "text/plain", "ok\n") : (503, "text/plain", "a pass hangs\n"),
                ("GET", "/readyz") =>
                    (report.Ready ? 200 : 503, "application/json", JsonSerializer.Serialize(report, StatusReportJson.Default.StatusReport) + "\n"),
                ("GET", "/metrics") => (200, "text/plain; version=0.0.4", metrics.Render(report)),
                ("GET", _) => (404, "text/plain", "there are /healthz, /readyz and /metrics\n"),
                _ => (405, "text/plain", "only GET\n"),
            };
        }
    }
}
