// SPDX-License-Identifier: Apache-2.0

using System.Text.Json.Nodes;
using ControlPlane;
using Integration.Tests.Takeover;

namespace Integration.Tests;

/// <summary>What Gardener says of a pool of six nodes while its installers are replaced (Gardener contract 4.7).</summary>
[Collection(OwnSeedCollection.Name)]
public sealed class RolloutTests(OwnSeed seed) : IAsyncLifetime
{
    private const int Nodes = 6;
    private const string Installer = "containerd-gvisor-a";
    private const string Installation = "extension-runtime-gvisor-installation-a";

    private Shoot _shoot = null!;

    public async ValueTask InitializeAsync()
    {
        await Landscape.ClearShootAsync(seed.Api);
        var cluster = Shoot.ClusterSpec();
        cluster["shoot"]!["spec"]!["provider"] = new JsonObject { ["workers"] = new JsonArray(new JsonObject { ["name"] = "a", ["maximum"] = 10 }) };
        _shoot = await Shoot.CreateAsync(seed.Api, cluster);
    }

    public async ValueTask DisposeAsync() => await Landscape.ClearShootAsync(seed.Api);

    [Fact]
    public async Task A_rollout_never_has_more_unavailable_pods_than_Gardener_tolerates()
    {
        await using var resourceManager = StartResourceManager();
        await using var controller = await seed.StartControllerAsync();
        await using var nodes = new DaemonSetController(seed.Api, Installer, Nodes, endsAfter: TimeSpan.FromMilliseconds(200), readyAfter: TimeSpan.FromMilliseconds(400));
        nodes.Start();
        await InstallAsync();

        await _shoot.DeployAsync("a", Shoot.ProviderConfig(("net-raw", "true")));
        await Eventually.TrueAsync("the rollout has begun", () => Task.FromResult(!nodes.IsUpdated));
        var verdicts = new HashSet<string>(StringComparer.Ordinal);
        while (!nodes.IsUpdated)
        {
            var resource = await InstallationAsync();
            if (!nodes.IsUpdated && ConditionOf(resource, "ResourcesHealthy") is { } healthy && (string?)healthy["status"] == "False")
            {
                verdicts.Add((string)healthy["message"]!);
            }
        }

        // Between the new specification and the DaemonSet controller's first look nothing else can be said.
        verdicts.Where(message => !message.Contains("observed generation outdated", StringComparison.Ordinal)).Should().BeEmpty();
        await WaitUntilHealthyAsync();
    }

    [Fact]
    public async Task An_uninstallation_is_not_cut_off_by_a_health_verdict_that_comes_late()
    {
        await using var resourceManager = StartResourceManager(healthDelay: TimeSpan.FromSeconds(2));
        await using var controller = await seed.StartControllerAsync();
        await using var nodes = new DaemonSetController(seed.Api, Installer, Nodes, endsAfter: TimeSpan.FromMilliseconds(500), readyAfter: TimeSpan.FromSeconds(10));
        nodes.Start();
        await InstallAsync();

        await _shoot.DeleteAsync("a");
        await Eventually.TrueAsync("ManagedResource deleted", async () =>
            !(await _shoot.ManagedResourcesAsync()).TryGetValue(Installation, out var resource) || resource["metadata"]!["deletionTimestamp"] is not null);

        nodes.ReadyAt.Should().NotBeNull("every node has taken gVisor away before its installer goes");
        await _shoot.WaitUntilGoneAsync("a");
    }

    private async Task InstallAsync()
    {
        await _shoot.DeployAsync("a");
        await _shoot.WaitUntilReadyAsync("a");
        await WaitUntilHealthyAsync();
    }

    private ChildProcess StartResourceManager(TimeSpan healthDelay = default) =>
        ResourceManagerProcess.Start(seed.ControlPlane, TimeSpan.Zero, @namespace: _shoot.Namespace, nodes: true, healthDelay: healthDelay);

    private Task WaitUntilHealthyAsync() => Eventually.TrueAsync("ManagedResource healthy and rolled out", async () =>
        await InstallationAsync() is { } resource && Shoot.IsApplied(resource)
        && (string?)ConditionOf(resource, "ResourcesHealthy")?["status"] == "True"
        && (string?)ConditionOf(resource, "ResourcesProgressing")?["status"] == "False");

    private async Task<JsonObject> InstallationAsync() => (await _shoot.ManagedResourcesAsync())[Installation];

    private static JsonNode? ConditionOf(JsonObject resource, string type) =>
        resource["status"]?["conditions"]?.AsArray().FirstOrDefault(condition => (string?)condition!["type"] == type);
}
