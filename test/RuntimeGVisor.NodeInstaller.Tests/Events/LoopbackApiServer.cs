// SPDX-License-Identifier: Apache-2.0

using System.Collections.Concurrent;
using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace RuntimeGVisor.NodeInstaller.Tests.Events;

/// <summary>What an API server was asked.</summary>
internal sealed record ApiRequest(string Method, string Path, string Authorization, JsonNode Body);

/// <summary>An API server on this machine, as far as Events need one: TLS with a CA of its own, and whatever answer a test wants.</summary>
internal sealed class LoopbackApiServer : IAsyncDisposable
{
    private readonly WebApplication _application;

    private LoopbackApiServer(WebApplication application, string certificateAuthority) => (_application, CertificateAuthority) = (application, certificateAuthority);

    /// <summary>PEM of the CA that signed its certificate.</summary>
    public string CertificateAuthority { get; }

    public int Port => new Uri(_application.Services.GetRequiredService<IServer>().Features.GetRequiredFeature<IServerAddressesFeature>().Addresses.Single()).Port;

    public ConcurrentQueue<ApiRequest> Requests { get; } = new();

    /// <summary>What it does with a request that it has read.</summary>
    public Func<HttpContext, Task> Answer { get; set; } = context =>
    {
        context.Response.StatusCode = StatusCodes.Status201Created;
        return Task.CompletedTask;
    };

    public static async Task<LoopbackApiServer> StartAsync()
    {
        var (certificate, authority) = CreateCertificate();
        var builder = WebApplication.CreateBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(options => options.Listen(IPAddress.Loopback, 0, listen => listen.UseHttps(certificate)));
        var server = new LoopbackApiServer(builder.Build(), authority);
        server._application.Run(server.HandleAsync);
        await server._application.StartAsync();
        return server;
    }

    public ValueTask DisposeAsync() => _application.DisposeAsync();

    private async Task HandleAsync(HttpContext context)
    {
        var body = await JsonNode.ParseAsync(context.Request.Body);
        Requests.Enqueue(new(context.Request.Method, context.Request.Path, context.Request.Headers.Authorization.ToString(), body!));
        await Answer(context);
    }

    private static (X509Certificate2 Certificate, string Authority) CreateCertificate()
    {
        var (from, to) = (TimeProvider.System.GetUtcNow().AddMinutes(-5), TimeProvider.System.GetUtcNow().AddHours(1));
        using var authorityKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var authorityRequest = new CertificateRequest("CN=cluster", authorityKey, HashAlgorithmName.SHA256);
        authorityRequest.CertificateExtensions.Add(new X509BasicConstraintsExtension(certificateAuthority: true, false, 0, critical: true));
        using var authority = authorityRequest.CreateSelfSigned(from, to);

        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=kube-apiserver", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddIpAddress(IPAddress.Loopback);
        request.CertificateExtensions.Add(names.Build());
        using var signed = request.Create(authority, from, to, [1]);
        return (signed.CopyWithPrivateKey(key), authority.ExportCertificatePem());
    }
}
