// SPDX-License-Identifier: Apache-2.0

using System.Net;
using System.Text.Json.Nodes;
using ControlPlane;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using RuntimeGVisor.Admission;
using RuntimeGVisor.Admission.Certificates;
using RuntimeGVisor.Admission.CommandLine;

namespace Integration.Tests.Admission;

/// <summary>The admission as an API server meets it: registered by its charts, called over TLS, with the charts' rights.</summary>
public sealed class AdmissionTests(SharedSeed seed) : IAsyncDisposable
{
    private const string ProviderConfig = "spec.provider.workers[0].cri.containerRuntimes[0].providerConfig";

    private static readonly JsonObject Wrong = Garden.Shoot("""{"net-rwa":"true","debug":"perhaps"}""");

    private readonly Garden _garden = new(seed.ControlPlane);
    private readonly Service _service = new();
    private readonly CancellationTokenSource _stop = new();
    private readonly List<Task> _replicas = [];

    /// <summary>When certificates are made with it, those of two months are valid for the API server, whose clock is the real one.</summary>
    private readonly FakeTimeProvider _calendar = new(TimeProvider.System.GetUtcNow() - TimeSpan.FromDays(25));

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _garden.UninstallAsync();
        await Task.WhenAll(_replicas);
        await _service.DisposeAsync();
        _stop.Dispose();
    }

    [Fact]
    public async Task The_API_server_accepts_rejects_and_warns_as_the_webhook_says()
    {
        await _garden.InstallAsync(_service.Port);
        await StartAsync(replicas: 1);

        (await _garden.TryAsync(Garden.Shoot())).Status.Should().Be(HttpStatusCode.Created);

        var (status, body) = await _garden.TryAsync(Wrong);
        status.Should().Be(HttpStatusCode.UnprocessableEntity, body);
        ((string?)JsonNode.Parse(body)!["message"]).Should()
            .Contain("denied the request").And.Contain($"{ProviderConfig}.configFlags[net-rwa]: ").And.Contain($"{ProviderConfig}.configFlags[debug]: ");

        var doubtful = Garden.Shoot();
        doubtful["spec"]!["provider"]!["workers"]![0]!["cri"]!["containerRuntimes"]![0]!["providerConfig"]!["apiVersion"] = "gvisor.os.extensions.gardener.cloud/v1alpha1";
        (await _garden.WarningsAsync(doubtful)).Should().ContainSingle().Which.Should().Contain($"{ProviderConfig}.apiVersion");
    }

    [Fact]
    public async Task Shoots_as_large_and_as_deep_as_the_API_server_takes_them_are_judged()
    {
        await _garden.InstallAsync(_service.Port);
        await StartAsync(replicas: 1);

        var large = Garden.Shoot();
        large["spec"]!["large"] = new string('x', 1_000_000);
        (await _garden.TryAsync(large)).Status.Should().Be(HttpStatusCode.Created);

        var deep = Garden.Shoot("\"DEEP\"").ToJsonString().Replace("\"DEEP\"", $"{new string('[', 5_000)}{new string(']', 5_000)}", StringComparison.Ordinal);
        var (status, body) = await _garden.TryAsync(deep);
        status.Should().Be(HttpStatusCode.UnprocessableEntity, body[..Math.Min(body.Length, 500)]);
        body.Should().Contain(ProviderConfig);
    }

    [Theory]
    [InlineData("Fail", HttpStatusCode.InternalServerError)]
    [InlineData("Ignore", HttpStatusCode.Created)]
    public async Task Without_a_replica_the_failure_policy_decides_on_shoots_with_gVisor(string failurePolicy, HttpStatusCode expected)
    {
        await _garden.InstallAsync(_service.Port, failurePolicy);

        await Eventually.TrueAsync("the API server knows the webhook", async () => (await _garden.TryAsync(Wrong)).Status == expected && _service.Connections > 0);
        (await _garden.TryAsync(Garden.Shoot("""{"net-rwa":"true"}""", isLabelled: false))).Status.Should().Be(HttpStatusCode.Created);
    }

    [Fact]
    public async Task A_rotation_by_two_replicas_fails_no_request()
    {
        await _garden.InstallAsync(_service.Port);
        var ports = await StartAsync(replicas: 2);
        var first = (await Garden.ServedAsync(ports[0]))!;
        (await Garden.ServedAsync(ports[1])).Should().Be(first, "replicas share their certificate");
        using var end = new CancellationTokenSource();
        var stream = StreamAsync(end.Token);
        var connections = _service.Connections;

        _calendar.Advance(ServerCertificate.Lifetime * 2 / 3);
        await PassTimeUntilAsync("both authorities are published", TimeSpan.FromMilliseconds(100), async () => Count(await _garden.BundleAsync()) == 2);
        (await Garden.ServedAsync(ports[0])).Should().Be(first, "the new authority is not known everywhere");

        // With another bundle the API server takes another connection: then it knows.
        await Eventually.TrueAsync("the API server has the new bundle", () => Task.FromResult(_service.Connections > connections));
        await PassTimeUntilAsync("both replicas serve the new certificate", CertificateRotation.Interval, async () =>
            await Garden.ServedAsync(ports[0]) is { } served && served != first && await Garden.ServedAsync(ports[1]) == served);

        await end.CancelAsync();
        var (requests, failures) = await stream;
        requests.Should().BePositive();
        failures.Should().BeEmpty();

        // The first request may still go to a connection that has just been ended.
        _service.Disconnect();
        await Eventually.TrueAsync(
            "the API server trusts the new certificate", async () => (await _garden.TryAsync(Garden.Shoot())).Status == HttpStatusCode.Created);
        (await _garden.SecretAsync("next-tls.crt")).Should().BeNull();
        _garden.UsedRights().Should().BeEquivalentTo(
            ["create secrets", "get secrets", "patch secrets", "get validatingwebhookconfigurations", "patch validatingwebhookconfigurations"],
            "the charts' roles have these verbs and no others");
    }

    [Fact]
    public async Task A_caBundle_that_somebody_takes_away_comes_back()
    {
        await _garden.InstallAsync(_service.Port);
        await StartAsync(replicas: 1);
        var bundle = await _garden.BundleAsync();

        await _garden.Api.JsonPatchAsync(
            $"/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations/{Garden.Name}",
            new JsonArray(new JsonObject { ["op"] = "remove", ["path"] = "/webhooks/0/clientConfig/caBundle" }));

        await PassTimeUntilAsync("the bundle is back", CertificateRotation.Interval, async () => await _garden.BundleAsync() == bundle);
    }

    [Fact]
    public async Task A_process_that_is_replaced_by_another_fails_no_request()
    {
        await _garden.InstallAsync(_service.Port);
        await using var old = await AdmissionProcess.StartAsync(_garden.Kubeconfig);
        _service.Backends = [old.WebhookPort];
        using var end = new CancellationTokenSource();
        await UntilTheBundleIsKnownAsync();
        var stream = StreamAsync(end.Token);

        await using var replacement = await AdmissionProcess.StartAsync(_garden.Kubeconfig);
        _service.Backends = [replacement.WebhookPort];
        old.Process.Terminate();
        await Eventually.TrueAsync("it is no longer ready", async () => !await old.IsReadyAsync());
        await old.Process.WaitForExitAsync(TimeSpan.FromSeconds(60), CancellationToken.None);

        await end.CancelAsync();
        var (requests, failures) = await stream;
        old.Process.ExitCode.Should().Be(0, old.Process.Output);
        requests.Should().BePositive();
        failures.Should().BeEmpty();
    }

    private static int Count(string bundle) => bundle.Split("BEGIN CERTIFICATE").Length - 1;

    /// <summary>Starts replicas in this process and waits until the API server may call them.</summary>
    private async Task<int[]> StartAsync(int replicas)
    {
        int[] ports = [.. Enumerable.Range(0, replicas).Select(_ => FreePorts.Next())];
        foreach (var port in ports)
        {
            var options = new AdmissionOptions
            {
                Kubeconfig = _garden.Kubeconfig,
                WebhookBindAddress = $"127.0.0.1:{port}",
                MetricsBindAddress = "0",
                HealthBindAddress = "0",
                WebhookConfigurationName = Garden.Name,
                ServerNames = ["127.0.0.1"],
                CertificateSecretName = $"{Garden.Name}-tls",
                Namespace = Garden.Namespace,
                DrainTime = TimeSpan.Zero,
                LogLevel = "info",
                LogFormat = "text",
            };
            _replicas.Add(AdmissionProgram.RunAsync(options, _calendar, NullLoggerFactory.Instance, _stop.Token));
        }

        foreach (var port in ports)
        {
            await PassTimeUntilAsync("a replica serves a certificate", TimeSpan.FromSeconds(1), async () =>
                _replicas.Find(replica => replica.IsFaulted) is { } faulted
                    ? throw new InvalidOperationException("A replica has ended.", faulted.Exception)
                    : await Garden.ServedAsync(port) is not null);
        }

        _service.Backends = ports;
        await UntilTheBundleIsKnownAsync();
        return ports;
    }

    /// <summary>The API server learns of the configuration by a watch of its own.</summary>
    private Task UntilTheBundleIsKnownAsync() => Eventually.TrueAsync(
        "the API server calls the webhook", async () => (await _garden.TryAsync(Wrong)).Status == HttpStatusCode.UnprocessableEntity);

    /// <summary>Lets the calendar go on until something has happened.</summary>
    private Task PassTimeUntilAsync(string what, TimeSpan step, Func<Task<bool>> hasHappened) => Eventually.TrueAsync(what, () =>
    {
        _calendar.Advance(step);
        return hasHappened();
    });

    /// <summary>Right and wrong shoots in turn, and whatever was not answered as it should be.</summary>
    private async Task<(int Requests, IReadOnlyList<string> Failures)> StreamAsync(CancellationToken cancellationToken)
    {
        var (requests, failures) = (0, new List<string>());
        var right = Garden.Shoot();
        while (!cancellationToken.IsCancellationRequested)
        {
            var isRight = requests++ % 2 == 0;
            var (status, body) = await _garden.TryAsync(isRight ? right : Wrong);
            if (status != (isRight ? HttpStatusCode.Created : HttpStatusCode.UnprocessableEntity))
            {
                failures.Add($"{status}: {body}");
            }
        }

        return (requests, failures);
    }
}
