// SPDX-License-Identifier: Apache-2.0

using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Threading.Channels;
using ControlPlane;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Logging;

namespace Integration.Tests;

/// <summary>
/// Stands between the controller and the API server, counts the controller's writes, and lets a test act at the very moment of one:
/// after it has reached the server and before the controller knows. It can also show the controller something else than the server does.
/// </summary>
internal sealed class WriteInterceptor : IAsyncDisposable
{
    private static readonly HashSet<string> HopByHop = new(StringComparer.OrdinalIgnoreCase)
    {
        "Connection", "Content-Length", "Host", "Keep-Alive", "Transfer-Encoding", "Upgrade",
    };

    private readonly WebApplication _server;
    private readonly HttpMessageInvoker _upstream;
    private readonly Uri _upstreamAddress;
    private int _writes;

    private WriteInterceptor(WebApplication server, HttpMessageInvoker upstream, Uri upstreamAddress)
    {
        _server = server;
        _upstream = upstream;
        _upstreamAddress = upstreamAddress;
    }

    public Uri Address => new(_server.Urls.Single());

    /// <summary>Writes so far, without those that come on a timer (Leases) or are only told (Events).</summary>
    public int Writes => Volatile.Read(ref _writes);

    /// <summary>Called with the number of a write before it is forwarded.</summary>
    public Action<int> BeforeWrite { get; set; } = _ => { };

    /// <summary>Called with the number of a write that has been carried out, before it is answered.</summary>
    public Action<int> AfterWrite { get; set; } = _ => { };

    /// <summary>Answers a read in place of the server; null leaves it to the server.</summary>
    public Func<HttpRequest, string?> Answer { get; set; } = _ => null;

    /// <summary>Refuses to begin a watch with the objects that there are, as old servers do, so that they are listed.</summary>
    public bool HasNoWatchList { get; set; }

    /// <summary>Called with each event of a watch, in JSON, before it is passed on; false loses it.</summary>
    public Func<HttpRequest, string, bool> PassEvent { get; set; } = (_, _) => true;

    /// <summary>How long after the server the controller sees an event.</summary>
    public TimeSpan WatchDelay { get; set; }

    /// <param name="controlPlane">The API server behind it.</param>
    /// <param name="certificateFile">Where to write the certificate that it identifies itself with.</param>
    public static async Task<WriteInterceptor> StartAsync(LocalControlPlane controlPlane, string certificateFile)
    {
        var certificate = CreateCertificate();
        await File.WriteAllTextAsync(certificateFile, certificate.ExportCertificatePem());
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseKestrelHttpsConfiguration();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0, listen =>
        {
            listen.Protocols = HttpProtocols.Http1AndHttp2;
            listen.UseHttps(certificate);
        }));
        var server = builder.Build();
        var upstream = new HttpMessageInvoker(ApiServer.CreateHandler(controlPlane.CertificateAuthorityFile));
        var interceptor = new WriteInterceptor(server, upstream, controlPlane.Api.Server);
        server.Run(interceptor.ForwardAsync);
        await server.StartAsync();
        return interceptor;
    }

    /// <summary>Forgets what it has counted and what it was told to do.</summary>
    public void Reset()
    {
        BeforeWrite = AfterWrite = _ => { };
        Answer = _ => null;
        HasNoWatchList = false;
        PassEvent = (_, _) => true;
        WatchDelay = TimeSpan.Zero;
        Volatile.Write(ref _writes, 0);
    }

    public async ValueTask DisposeAsync()
    {
        await _server.DisposeAsync();
        _upstream.Dispose();
    }

    private static X509Certificate2 CreateCertificate()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=write-interceptor", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddIpAddress(IPAddress.Loopback);
        request.CertificateExtensions.Add(names.Build());
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        var now = TimeProvider.System.GetUtcNow();
        return request.CreateSelfSigned(now.AddDays(-1), now.AddDays(1));
    }

    private static bool IsWrite(HttpRequest request) =>
        !HttpMethods.IsGet(request.Method)
        && !request.Path.Value!.Contains("/leases", StringComparison.Ordinal)
        && !request.Path.Value.Contains("/events", StringComparison.Ordinal);

    private static bool IsWatch(HttpRequest request) => request.Query.ContainsKey("watch");

    private async Task ForwardAsync(HttpContext context)
    {
        if (!IsWrite(context.Request) && Answer(context.Request) is { } answer)
        {
            context.Response.ContentType = "application/json";
            await context.Response.WriteAsync(answer, context.RequestAborted);
            return;
        }

        if (HasNoWatchList && context.Request.Query.ContainsKey("sendInitialEvents"))
        {
            context.Response.StatusCode = StatusCodes.Status422UnprocessableEntity;
            return;
        }

        var number = IsWrite(context.Request) ? Interlocked.Increment(ref _writes) : 0;
        if (number > 0)
        {
            BeforeWrite(number);
        }

        using var request = new HttpRequestMessage(
            new HttpMethod(context.Request.Method), new Uri(_upstreamAddress, context.Request.Path + context.Request.QueryString))
        {
            Version = HttpVersion.Version20,
        };
        if (number > 0)
        {
            // Read whole: once it is here, the death of the sender no longer matters.
            using var body = new MemoryStream();
            await context.Request.Body.CopyToAsync(body);
            request.Content = new ByteArrayContent(body.ToArray());
        }

        foreach (var (name, value) in context.Request.Headers)
        {
            if (!HopByHop.Contains(name) && !name.StartsWith(':') && !request.Headers.TryAddWithoutValidation(name, value.ToArray()))
            {
                request.Content ??= new StreamContent(context.Request.Body);
                request.Content.Headers.TryAddWithoutValidation(name, value.ToArray());
            }
        }

        using var response = await _upstream.SendAsync(request, number > 0 ? CancellationToken.None : context.RequestAborted);
        if (number > 0)
        {
            AfterWrite(number);
        }

        context.Response.StatusCode = (int)response.StatusCode;
        foreach (var (name, values) in response.Headers.Concat(response.Content.Headers))
        {
            if (!HopByHop.Contains(name))
            {
                context.Response.Headers[name] = values.ToArray();
            }
        }

        var answered = await response.Content.ReadAsStreamAsync(context.RequestAborted);
        if (IsWatch(context.Request) && response.IsSuccessStatusCode)
        {
            await CopyEventsAsync(answered, context);
        }
        else
        {
            await CopyAsync(answered, context.Response.Body, context.RequestAborted);
        }
    }

    /// <summary>Passes events on, each when its time has come.</summary>
    private async Task CopyEventsAsync(Stream source, HttpContext context)
    {
        await context.Response.Body.FlushAsync(context.RequestAborted);
        var events = Channel.CreateUnbounded<(string Line, long At)>();
        var reading = ReadAsync();
        await foreach (var (line, at) in events.Reader.ReadAllAsync(context.RequestAborted))
        {
            if (WatchDelay - TimeProvider.System.GetElapsedTime(at) is var left && left > TimeSpan.Zero)
            {
                await Task.Delay(left, TimeProvider.System, context.RequestAborted);
            }

            if (PassEvent(context.Request, line))
            {
                await context.Response.WriteAsync($"{line}\n", context.RequestAborted);
                await context.Response.Body.FlushAsync(context.RequestAborted);
            }
        }

        await reading;

        async Task ReadAsync()
        {
            using var reader = new StreamReader(source);
            try
            {
                while (await reader.ReadLineAsync(context.RequestAborted) is { } line)
                {
                    events.Writer.TryWrite((line, TimeProvider.System.GetTimestamp()));
                }
            }
            finally
            {
                events.Writer.Complete();
            }
        }
    }

    /// <summary>Passes every piece on at once: a watch sends little, and rarely.</summary>
    private static async Task CopyAsync(Stream source, Stream target, CancellationToken cancellationToken)
    {
        var buffer = new byte[16 * 1024];
        while (await source.ReadAsync(buffer, cancellationToken) is var count and > 0)
        {
            await target.WriteAsync(buffer.AsMemory(0, count), cancellationToken);
            await target.FlushAsync(cancellationToken);
        }
    }
}
