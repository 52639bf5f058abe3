// SPDX-License-Identifier: Apache-2.0

using System.Collections.Concurrent;
using System.Security.Cryptography.X509Certificates;
using Kubernetes.Controllers.Client;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
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

    public int Watches => Requests.Count(request => request.Contains("watch=true", StringComparison.Ordinal));

    public int Lists => Requests.Count(request => request.Contains("limit=", StringComparison.Ordinal));

    public Uri Url => new(_application.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single());

    public static async Task<FakeApiServer> StartAsync(X509Certificate2? certificate = null, int port = 0)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseKestrelHttpsConfiguration();
        builder.WebHost.ConfigureKestrel(options => options.Listen(System.Net.IPAddress.Loopback, port, listen =>
        {
            if (certificate is not null)
            {
                listen.Protocols = HttpProtocols.Http1AndHttp2;
                listen.UseHttps(certificate);
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

    public ApiClient Client(Func<ApiClientConfiguration, ApiClientConfiguration>? configure = null, TimeProvider? time = null)
    {
        var configuration = new ApiClientConfiguration { Server = Url };
        return new ApiClient(configure?.Invoke(configuration) ?? configuration, time ?? TimeProvider.System);
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
        Requests.Enqueue($"{context.Request.Method} {context.Request.Path}{context.Request.QueryString}");
        var script = context.Request.Query.ContainsKey("watch") ? _watches : context.Request.Query.ContainsKey("limit") ? _lists : null;
        if (script?.TryDequeue(out var answer) == true)
        {
            return answer(context);
        }

        return script == _watches ? StallAsync(context) : _otherwise(context);
    }
}
