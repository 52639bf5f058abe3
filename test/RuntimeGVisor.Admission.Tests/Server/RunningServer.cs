// SPDX-License-Identifier: Apache-2.0

using System.Net;
using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using Hosting.Endpoints;
using Hosting.Metrics;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using RuntimeGVisor.Admission.Certificates;
using RuntimeGVisor.Admission.Reviews;
using RuntimeGVisor.Admission.Server;
using RuntimeGVisor.Validation;

namespace RuntimeGVisor.Admission.Tests.Server;

/// <summary>The server as the program runs it, with a clock that stands still, and a client that trusts it.</summary>
internal sealed class RunningServer : IAsyncDisposable
{
    private static readonly TimeSpan DrainTime = TimeSpan.FromSeconds(5);

    private readonly CancellationTokenSource _stop = new();
    private readonly WebhookServer _server;

    private RunningServer()
    {
        Authority = Serve();
        _server = new WebhookServer(
            new BindAddress(new IPEndPoint(IPAddress.Loopback, 0)),
            Certificate,
            new WebhookHandler(new ShootReviewer(FlagPolicy.Default), Time, NullLogger<WebhookHandler>.Instance, Metrics),
            DrainTime,
            Time,
            NullLoggerFactory.Instance);
        Running = _server.RunAsync(_stop.Token);
        Client = CreateClient(Authority);
    }

    public MetricRegistry Metrics { get; } = new();

    public FakeTimeProvider Time { get; } = new(TimeProvider.System.GetUtcNow());

    public ServedCertificate Certificate { get; } = new();

    /// <summary>The authority of the first certificate.</summary>
    public string Authority { get; }

    public HttpClient Client { get; }

    public Task Running { get; }

    public bool IsOpen => _server.IsOpen;

    public int Port => _server.Port!.Value;

    public Uri Url => new($"https://127.0.0.1:{Port}{WebhookHandler.Path}");

    public static async Task<RunningServer> StartAsync()
    {
        var server = new RunningServer();
        while (!server.IsOpen && !server.Running.IsCompleted)
        {
            await Task.Yield();
        }

        if (server.Running.IsCompleted)
        {
            await server.Running;
        }

        return server;
    }

    /// <summary>Serves a new certificate and answers its authority.</summary>
    public string Serve()
    {
        var certificate = ServerCertificate.Create(["127.0.0.1"], TimeProvider.System.GetUtcNow());
        Certificate.Serve(certificate);
        return certificate.Authority;
    }

    public static HttpClient CreateClient(string authority) =>
        new(new SocketsHttpHandler { SslOptions = Trust(authority), UseProxy = false });

    /// <summary>Trusts one authority, and checks the name as usual.</summary>
    public static SslClientAuthenticationOptions Trust(string authority)
    {
        var policy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck };
        policy.CustomTrustStore.ImportFromPem(authority);
        return new SslClientAuthenticationOptions { CertificateChainPolicy = policy, TargetHost = "127.0.0.1" };
    }

    public Task<HttpResponseMessage> PostAsync(HttpContent content) => Client.PostAsync(Url, content, TestContext.Current.CancellationToken);

    /// <summary>Tells it to end, as SIGTERM does.</summary>
    public void Stop() => _stop.Cancel();

    /// <summary>Lets time pass until something has happened.</summary>
    public async Task PassTimeUntilAsync(Func<bool> hasHappened)
    {
        while (!hasHappened())
        {
            Time.Advance(DrainTime);
            await Task.Delay(TimeSpan.FromMilliseconds(10), TimeProvider.System, CancellationToken.None);
        }
    }

    public async ValueTask DisposeAsync()
    {
        Stop();
        await PassTimeUntilAsync(() => Running.IsCompleted);
        Client.Dispose();
        _stop.Dispose();
    }
}
