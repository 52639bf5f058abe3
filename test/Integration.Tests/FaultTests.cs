// SPDX-License-Identifier: Apache-2.0

using System.Text.Json.Nodes;
using ControlPlane;
using Microsoft.AspNetCore.Http;

namespace Integration.Tests;

/// <summary>
/// Something between the controller and the API server, or the machine, does not do what it should. Whatever the controller saw meanwhile,
/// what is in the seed afterwards is what gardenlet asked for.
/// </summary>
public sealed class FaultTests(OwnSeed seed) : IClassFixture<OwnSeed>, IAsyncDisposable
{
    private static JsonObject Changed => Shoot.ProviderConfig(("net-raw", "true"));

    private readonly CancellationTokenSource _stop = new();
    private readonly List<ControllerProcess> _controllers = [];
    private WriteInterceptor? _proxy;

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        foreach (var controller in _controllers)
        {
            await controller.DisposeAsync();
        }

        if (_proxy is not null)
        {
            await _proxy.DisposeAsync();
        }

        _stop.Dispose();
    }

    [Theory]
    [InlineData("delete")]
    [InlineData("migrate")]
    public async Task A_restart_with_a_lagging_API_server_deletes_and_migrates_no_recreated_object(string operation)
    {
        var kubeconfig = await StartProxyAsync();
        await using var resourceManager = ResourceManagerProcess.Start(seed.ControlPlane, TimeSpan.Zero);
        var shoot = await Shoot.CreateAsync(seed.Api);
        var controller = await StartAsync(kubeconfig);
        await shoot.DeployAsync("a");
        await shoot.WaitUntilReadyAsync("a");
        await shoot.WaitUntilAppliedAsync();

        // What the server that lags still shows: the resource manager takes its time, so the operation goes on.
        await shoot.SetResourceManagerDelayAsync("down");
        await (operation == "delete" ? shoot.DeleteAsync("a") : shoot.AnnotateAsync("a", operation));
        await shoot.WaitForAsync("a", operation == "delete" ? "Delete" : "Migrate", "Processing");
        var old = (await seed.Api.GetAsync("/apis/extensions.gardener.cloud/v1alpha1/containerruntimes")).ToJsonString();

        await shoot.SetResourceManagerDelayAsync(null);
        if (operation == "migrate")
        {
            await shoot.WaitForAsync("a", "Migrate", "Succeeded");
            await shoot.DeleteAsync("a");
        }

        await shoot.WaitUntilGoneAsync("a");
        await shoot.DeployAsync("a");
        await shoot.WaitUntilReadyAsync("a");
        await controller.DisposeAsync();
        var before = await UidsAsync(shoot);
        var started = TimeProvider.System.GetUtcNow();

        _proxy!.HasNoWatchList = true;
        _proxy.Answer = request => IsListOf(request, "containerruntimes") ? old : null;
        _proxy.PassEvent = (request, _) => !request.Path.Value!.EndsWith("/containerruntimes", StringComparison.Ordinal);
        await StartAsync(kubeconfig);
        await Eventually.TrueAsync(
            "the controller asks the server",
            () => Task.FromResult(RequestsOfController(shoot, started).Any(request => request is { Verb: "get", Resource: "containerruntimes" })));
        await Task.Delay(TimeSpan.FromSeconds(1), TimeProvider.System, TestContext.Current.CancellationToken);

        (await UidsAsync(shoot)).Should().Be(before);
        RequestsOfController(shoot, started).Where(request => request.IsWrite).Should().BeEmpty();
    }

    [Fact]
    public async Task Every_third_event_may_be_lost_as_long_as_gardenlet_asks_again()
    {
        var kubeconfig = await StartProxyAsync();
        var events = 0;
        _proxy!.PassEvent = (_, line) => line.Contains("\"BOOKMARK\"", StringComparison.Ordinal) || Interlocked.Increment(ref events) % 3 != 0;

        (await CreateAndChangeAsync(kubeconfig, isAskedAgain: true)).Should().Be(await UndisturbedAsync());

        events.Should().BeGreaterThan(6);
    }

    [Fact]
    public async Task Own_writes_that_are_seen_ten_seconds_late_change_nothing()
    {
        var kubeconfig = await StartProxyAsync();
        _proxy!.WatchDelay = TimeSpan.FromSeconds(10);

        (await CreateAndChangeAsync(kubeconfig, isAskedAgain: false)).Should().Be(await UndisturbedAsync());
    }

    [Fact]
    public async Task Connections_on_which_nothing_comes_any_more_are_replaced()
    {
        await using var link = new TcpLink(seed.Api.Server);
        var kubeconfig = await seed.ControlPlane.WriteKubeconfigAsync(
            "silent-link", link.Address, seed.ControlPlane.CertificateAuthorityFile, seed.ControlPlane.ControllerTokenFile);

        (await CreateAndChangeAsync(kubeconfig, isAskedAgain: false, beforeChange: link.FallSilent)).Should().Be(await UndisturbedAsync());
    }

    [Fact]
    public async Task An_object_that_is_deleted_and_made_anew_between_two_looks_is_reconciled()
    {
        var kubeconfig = await StartProxyAsync();
        var shoot = await Shoot.CreateAsync(seed.Api);
        await StartAsync(kubeconfig);
        await shoot.DeployAsync("a");
        await shoot.WaitUntilReadyAsync("a");

        // Whatever happens now is not shown, until somebody touches the new object.
        var isHidden = true;
        _proxy!.PassEvent = (request, _) => !Volatile.Read(ref isHidden) || !request.Path.Value!.EndsWith("/containerruntimes", StringComparison.Ordinal);
        await shoot.DeleteAsync("a");
        await seed.Api.PatchAsync(
            ApiPaths.ContainerRuntimes(shoot.Namespace, Shoot.NameOf("a")), new JsonObject { ["metadata"] = new JsonObject { ["finalizers"] = null } });
        await shoot.WaitUntilGoneAsync("a");
        await shoot.DeployAsync("a", Changed);
        await Task.Delay(TimeSpan.FromSeconds(1), TimeProvider.System, TestContext.Current.CancellationToken);
        Volatile.Write(ref isHidden, false);
        await shoot.DeployAsync("a", Changed);

        await shoot.WaitUntilReadyAsync("a");
        (await ShootState.DescribeAsync(shoot, "a")).Should().Contain("extensions.gardener.cloud/containerruntime").And.Contain("Create Succeeded");
    }

    [Fact]
    public async Task A_leader_that_stood_still_for_longer_than_its_Lease_writes_nothing_any_more()
    {
        var kubeconfigs = new[] { await seed.ControlPlane.CreateReplicaKubeconfigAsync("paused"), await seed.ControlPlane.CreateReplicaKubeconfigAsync("successor") };
        var shoot = await Shoot.CreateAsync(seed.Api);
        var paused = await StartAsync(kubeconfigs[0], leaderElection: true);
        await shoot.DeployAsync("a");
        await shoot.WaitUntilReadyAsync("a");
        await StartAsync(kubeconfigs[1], leaderElection: true);

        // Asked for something at all times: it stops in the middle of its work, and finds more of it when it goes on.
        var busy = KeepBusyAsync(shoot);
        await Task.Delay(TimeSpan.FromMilliseconds(500), TimeProvider.System, TestContext.Current.CancellationToken);
        paused.Process.Pause();
        try
        {
            await Task.Delay(TimeSpan.FromSeconds(20), TimeProvider.System, TestContext.Current.CancellationToken);
        }
        finally
        {
            paused.Process.Continue();
        }

        await paused.Process.WaitForExitAsync(TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken);
        paused.Process.ExitCode.Should().Be(1, paused.Process.Output);
        await _stop.CancelAsync();
        await busy;
        await shoot.WaitUntilReadyAsync("a");
        var writers = seed.ControlPlane.ReadAuditLog()
            .Where(request => request.IsWrite && request.Namespace == shoot.Namespace && request.Resource != "events" && request.Code < 300)
            .OrderBy(request => request.Time)
            .Select(request => request.User.Split(':')[^1])
            .Where(user => user is "paused" or "successor")
            .ToList();
        writers.Where((writer, index) => index == 0 || writers[index - 1] != writer).Should().Equal("paused", "successor");
    }

    [Fact]
    public async Task An_object_that_changes_100_times_a_second_costs_no_request()
    {
        var shoot = await Shoot.CreateAsync(seed.Api);
        var other = await Shoot.CreateAsync(seed.Api);
        await StartAsync(seed.ControlPlane.ControllerKubeconfig);
        await shoot.DeployAsync("a");
        await shoot.WaitUntilReadyAsync("a");
        var started = TimeProvider.System.GetUtcNow();

        var busy = ChangeAsync(shoot);
        for (var pool = 0; pool < 10; pool++)
        {
            await other.DeployAsync($"p{pool}");
            await other.WaitUntilReadyAsync($"p{pool}");
        }

        await _stop.CancelAsync();
        await busy;
        RequestsOfController(shoot, started).Should().BeEmpty();
    }

    [Fact]
    public async Task A_right_that_is_taken_away_stops_the_work_until_it_is_back()
    {
        var kubeconfig = await seed.ControlPlane.CreateReplicaKubeconfigAsync("without-rights");
        var shoot = await Shoot.CreateAsync(seed.Api);
        var controller = await StartAsync(kubeconfig);
        await shoot.DeployAsync("a");
        await shoot.WaitUntilReadyAsync("a");
        var binding = await seed.Api.GetAsync(ApiPaths.ClusterRoleBindings("without-rights"));

        await seed.Api.DeleteAsync(ApiPaths.ClusterRoleBindings("without-rights"));
        await Task.Delay(TimeSpan.FromSeconds(1), TimeProvider.System, TestContext.Current.CancellationToken);
        await shoot.DeployAsync("a", Changed);
        await Eventually.TrueAsync(
            "a complaint about 403", () => Task.FromResult(controller.Process.Output.Contains("403", StringComparison.Ordinal)));
        controller.Process.HasExited.Should().BeFalse();
        controller.Process.Output.Split('\n').Length.Should().BeLessThan(200, "it must not retry in a hot loop");

        binding["metadata"] = new JsonObject { ["name"] = "without-rights" };
        await seed.Api.CreateAsync(ApiPaths.ClusterRoleBindings(), binding);
        await shoot.WaitUntilReadyAsync("a");
        await controller.WaitUntilReadyAsync();
    }

    private static bool IsListOf(HttpRequest request, string resource) =>
        request.Path.Value!.EndsWith($"/{resource}", StringComparison.Ordinal) && !request.Query.ContainsKey("watch");

    private static async Task<string> UidsAsync(Shoot shoot) => string.Join('\n', (await shoot.ManagedResourcesAsync()).Values
        .Select(value => value["metadata"]!)
        .Select(metadata => $"{metadata["name"]} {metadata["uid"]} {metadata["generation"]} {metadata["deletionTimestamp"]}")
        .Order(StringComparer.Ordinal));

    private IEnumerable<AuditedRequest> RequestsOfController(Shoot shoot, DateTimeOffset since) => seed.ControlPlane.ReadAuditLog().Where(request =>
        request.Time > since
        && request.Namespace == shoot.Namespace
        && request.UserAgent.StartsWith("gardener-extension-runtime-gvisor", StringComparison.Ordinal));

    private async Task<string> UndisturbedAsync()
    {
        await StopAsync();
        return await CreateAndChangeAsync(seed.ControlPlane.ControllerKubeconfig, isAskedAgain: false);
    }

    /// <summary>Two pools, of which one is changed later; what is there in the end.</summary>
    private async Task<string> CreateAndChangeAsync(string kubeconfig, bool isAskedAgain, Action? beforeChange = null)
    {
        var shoot = await Shoot.CreateAsync(seed.Api);
        await StartAsync(kubeconfig);
        await Task.WhenAll(AskAsync("a", null), AskAsync("b", null));
        beforeChange?.Invoke();
        await Task.WhenAll(AskAsync("a", Changed), AskAsync("b", null));
        return (await ShootState.DescribeAsync(shoot, "a", "b")).Replace(shoot.Namespace, "shoot", StringComparison.Ordinal);

        async Task AskAsync(string pool, JsonObject? providerConfig)
        {
            await shoot.DeployAsync(pool, providerConfig?.DeepClone().AsObject());
            for (var attempt = 0; isAskedAgain; attempt++)
            {
                try
                {
                    await shoot.WaitUntilReadyAsync(pool, TimeSpan.FromSeconds(3));
                    return;
                }
                catch (TimeoutException) when (attempt < 20)
                {
                    // As gardenlet does when it tries the shoot again.
                    await shoot.DeployAsync(pool, providerConfig?.DeepClone().AsObject());
                }
            }

            await shoot.WaitUntilReadyAsync(pool);
        }
    }

    private async Task KeepBusyAsync(Shoot shoot)
    {
        while (!_stop.IsCancellationRequested)
        {
            await shoot.AnnotateAsync("a", "reconcile");
            await Task.Delay(TimeSpan.FromMilliseconds(50), TimeProvider.System, CancellationToken.None);
        }
    }

    /// <summary>Changes it at least fifty times.</summary>
    private async Task ChangeAsync(Shoot shoot)
    {
        var path = ApiPaths.ContainerRuntimes(shoot.Namespace, Shoot.NameOf("a"));
        for (var number = 0; number < 50 || !_stop.IsCancellationRequested; number++)
        {
            await seed.Api.PatchAsync(path, new JsonObject { ["metadata"] = new JsonObject { ["labels"] = new JsonObject { ["number"] = $"{number}" } } });
            await Task.Delay(TimeSpan.FromMilliseconds(5), TimeProvider.System, CancellationToken.None);
        }
    }

    /// <returns>The kubeconfig that leads through the proxy.</returns>
    private async Task<string> StartProxyAsync()
    {
        var name = $"proxy-{Guid.NewGuid():N}";
        var certificateFile = Path.Combine(seed.ControlPlane.Directory, $"{name}.crt");
        _proxy = await WriteInterceptor.StartAsync(seed.ControlPlane, certificateFile);
        return await seed.ControlPlane.WriteKubeconfigAsync(name, _proxy.Address, certificateFile, seed.ControlPlane.ControllerTokenFile);
    }

    private async Task<ControllerProcess> StartAsync(string kubeconfig, bool leaderElection = false)
    {
        var controller = ControllerProcess.Start(
            new ControllerOptions { Kubeconfig = kubeconfig, LeaderElection = leaderElection, Arguments = ["--health-conditions=false"] });
        _controllers.Add(controller);
        await controller.WaitUntilReadyAsync();
        return controller;
    }

    private async Task StopAsync()
    {
        foreach (var controller in _controllers)
        {
            await controller.DisposeAsync();
        }
    }
}
