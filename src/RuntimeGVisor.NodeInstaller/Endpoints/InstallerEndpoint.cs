// SPDX-License-Identifier: Apache-2.0

using System.Text.Json;
using Hosting.Endpoints;
using Hosting.Metrics;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using RuntimeGVisor.NodeInstaller.Convergence;

namespace RuntimeGVisor.NodeInstaller.Endpoints;

/// <summary><c>/readyz</c> and <c>/metrics</c>. Whether the process lives is answered elsewhere (<see cref="LivenessSocket"/>).</summary>
internal static class InstallerEndpoint
{
    /// <summary>Listens on the port, on all addresses of the pod; port 0 takes a free one.</summary>
    /// <exception cref="IOException">The port is not free.</exception>
    public static Task<HttpEndpoint> StartAsync(
        int port, InstallerStatus status, InstallerMetrics metrics, ILoggerFactory loggers, CancellationToken cancellationToken) =>
        HttpEndpoint.StartAsync(new(new(System.Net.IPAddress.IPv6Any, port)), context => AnswerAsync(context, status, metrics), loggers, cancellationToken);

    private static Task AnswerAsync(HttpContext context, InstallerStatus status, InstallerMetrics metrics)
    {
        var response = context.Response;
        switch (context.Request.Path.Value)
        {
            case "/readyz":
                var report = status.Report;
                response.StatusCode = report.Ready ? StatusCodes.Status200OK : StatusCodes.Status503ServiceUnavailable;
                response.ContentType = "application/json";
                return response.WriteAsync(JsonSerializer.Serialize(report, StatusReportJson.Default.StatusReport) + "\n", context.RequestAborted);
            case "/metrics":
                response.ContentType = MetricRegistry.ContentType;
                return response.WriteAsync(metrics.ToString(), context.RequestAborted);
            default:
                response.StatusCode = StatusCodes.Status404NotFound;
                return response.WriteAsync("there are /readyz and /metrics\n", context.RequestAborted);
        }
    }
}
