// SPDX-License-Identifier: Apache-2.0

using System.Collections.Concurrent;
using System.Security.Cryptography.X509Certificates;
using Hosting.Metrics;
using Kubernetes.Controllers.Client;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Kubernetes.Controllers.Tests.Testing;

/// <summary>A real HTTP server in this process that answers as the test says: request by request, faults included.</summary>
public sealed class FakeApiServer : IAsyncDisposable
{
    private readonly WebApplication _application;
    private readonly ConcurrentQueue<RequestDelegate> _watches = new();
    private readonly ConcurrentQueue<RequestDelegate> _lists = new();
    private readonly CancellationTokenSource _stop = new();
    private bool _isDisposed;
    private RequestDelegate _otherwise = static context => StatusAsync(context, 404, "NotFound", "no such path");

    private FakeApiServer(WebApplication application) => _application = application;

    /// <summary>Method and path with query of every request so far.</summary>
    public ConcurrentQueue<string> Requests { get; } = new();

    /// <summary>Whether a watch may ask for what there is (<c>sendInitialEvents</c>). Older servers answer 422, which is counted, not recorded.</summary>
    public bool OffersWatchList { get; set; }

    public int RefusedWatchLists { get; private set; }

    public int Watches => Requests.Count(request => request.Contains("watch=true", StringComparison.Ordinal));

    public int Lists => Requests.Count(request => request.Contains("limit=", StringComparison.Ordinal));

    public Uri Url => new(_application.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single());

    public static async Task<FakeApiServer> StartAsync(X509Certificate2? certificate = null, int port = 0, bool asksForCertificate = false)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseKestrelHttpsConfiguration();
        builder.WebHost.ConfigureKestrel(options => options.Listen(System.Net.IPAddress.Loopback, port, listen =>
        {
            if (certificate is not null)
            {
                // Over HTTP/1 a test can have a connection closed.
                listen.Protocols = asksForCertificate ? HttpProtocols.Http1 : HttpProtocols.Http1AndHttp2;
                listen.UseHttps(certificate, https =>
                {
                    https.ClientCertificateMode = asksForCertificate ? ClientCertificateMode.AllowCertificate : ClientCertificateMode.NoCertificate;
                    https.AllowAnyClientCertificate();
                });
            }
        }));
        var application = builder.Build();
        var server = new FakeApiServer(application);
        application.Run(server.HandleAsync);
        await application.StartAsync();
        return server;
    }

    public static Task StatusAsync(HttpContext context, int code, string reason, string message)
    {
        context.Response.StatusCode = code;
        context.Response.ContentType = "application/json";
        return context.Response.WriteAsync(
            $$"""{"kind":"Status","apiVersion":"v1","status":"Failure","reason":"{{reason}}","code":{{code}},"message":"{{message}}"}""");
    }

    public ApiClient Client(
        Func<ApiClientConfiguration, ApiClientConfiguration>? configure = null, TimeProvider? time = null, MetricRegistry? metrics = null)
    {
        var configuration = new ApiClientConfiguration { Server = Url };
        return new ApiClient(configure?.Invoke(configuration) ?? configuration, time ?? TimeProvider.System, metrics);
    }

    /// <summary>What is answered when no script is left.</summary>
    public void Otherwise(RequestDelegate answer) => _otherwise = answer;

    public void OnList(RequestDelegate answer) => _lists.Enqueue(answer);

    public void OnList(long version, params Widget[] items) => OnList(context => ListAsync(context, version, null, items));

    public void OnWatch(RequestDelegate answer) => _watches.Enqueue(answer);

    /// <summary>Sends these lines and ends the stream.</summary>
    public void OnWatch(params string[] lines) => OnWatch(async context =>
    {
        foreach (var line in lines)
        {
            await context.Response.WriteAsync(line + "\n");
            await context.Response.Body.FlushAsync();
        }
    });

    /// <summary>Sends these lines and then nothing, with the stream left open.</summary>
    public void OnWatchThenStall(params string[] lines) => OnWatch(async context =>
    {
        foreach (var line in lines)
        {
            await context.Response.WriteAsync(line + "\n");
        }

        await StallAsync(context);
    });

    /// <summary>Sends the headers and then nothing.</summary>
    public async Task StallAsync(HttpContext context)
    {
        await context.Response.Body.FlushAsync();
        await StallBeforeAnswerAsync(context);
    }

    /// <summary>Sends nothing at all.</summary>
    public async Task StallBeforeAnswerAsync(HttpContext context)
    {
        using var end = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted, _stop.Token);
        await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, end.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    public static Task ListAsync(HttpContext context, long version, string? next, params Widget[] items)
    {
        var more = next is null ? "" : $",\"continue\":\"{next}\"";
        var objects = string.Join(",", items.Select(item => item.ToJson()));
        return context.Response.WriteAsync(
            $$"""{"kind":"WidgetList","apiVersion":"example.test/v1","metadata":{"resourceVersion":"{{version}}"{{more}} },"items":[{{objects}}]}""");
    }

    public static string Event(string type, Widget widget) => $$"""{"type":"{{type}}","object":{{widget.ToJson()}} }""";

    public static string Bookmark(long version) =>
        $$$"""{"type":"BOOKMARK","object":{"kind":"Widget","apiVersion":"example.test/v1","metadata":{"resourceVersion":"{{{version}}}","creationTimestamp":null} } }""";

    public static string InitialEventsEnd(long version) => Bookmark(version)
        .Replace("\"creationTimestamp\":null", "\"annotations\":{\"k8s.io/initial-events-end\":\"true\"}", StringComparison.Ordinal);

    public static string Error(int code, string reason) =>
        $$"""{"type":"ERROR","object":{"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure","message":"{{reason}}","reason":"{{reason}}","code":{{code}} } }""";

    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _isDisposed, true))
        {
            return;
        }

        await _stop.CancelAsync();
        await _application.StopAsync(new CancellationToken(canceled: true));
        await _application.DisposeAsync();
        _stop.Dispose();
    }

    private Task HandleAsync(HttpContext context)
    {
        if (context.Request.Query.ContainsKey("sendInitialEvents") && !OffersWatchList)
        {
            RefusedWatchLists++;
            return StatusAsync(context, 422, "Invalid", "resourceVersionMatch is forbidden for watch");
        }

        Requests.Enqueue($"{context.Request.Method} {context.Request.Path}{context.Request.QueryString}");
        var script = context.Request.Query.ContainsKey("watch") ? _watches : context.Request.Query.ContainsKey("limit") ? _lists : null;
        if (script?.TryDequeue(out var answer) == true)
        {
            return answer(context);
        }

        return script == _watches ? StallAsync(context) : _otherwise(context);
    }
}
