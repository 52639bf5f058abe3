// SPDX-License-Identifier: Apache-2.0

using System.Text.Json.Nodes;
using ControlPlane;

namespace Integration.Tests;

/// <summary>The condition of a ContainerRuntime follows what the shoot's resource manager reports.</summary>
public sealed class HealthConditionTests(SharedSeed seed)
{
    private const string Installation = "extension-runtime-gvisor-installation-a";
    private const string Unhealthy = "DaemonSet \"kube-system/containerd-gvisor-a\" is missing";

    [Fact]
    public async Task The_condition_is_true_when_all_is_healthy_else_names_pool_resource_and_reason()
    {
        var shoot = await DeployedAsync();
        var healthy = Shoot.HealthConditionOf(await shoot.GetAsync("a"))!;
        ((string?)healthy["reason"]).Should().Be("HealthCheckSuccessful");
        ((string?)healthy["message"]).Should().Be("worker pool 'a': all objects in the shoot are healthy");

        await shoot.ReportAsync(Installation, "False", Unhealthy);
        var unhealthy = Shoot.HealthConditionOf(await shoot.WaitForHealthAsync("a", "False"))!;
        ((string?)unhealthy["reason"]).Should().Be("HealthCheckUnsuccessful");
        ((string?)unhealthy["message"]).Should().Be($"worker pool 'a': ManagedResource '{Installation}': DaemonSetMissing: {Unhealthy}");

        await shoot.ReportAsync(Installation, "True", "All resources are healthy.");
        var runtime = await shoot.WaitForHealthAsync("a", "True");
        Shoot.IsReady(runtime).Should().BeTrue("a condition changes nothing for gardenlet's wait");
    }

    [Fact]
    public async Task The_shared_ManagedResource_concerns_every_pool_and_that_of_a_pool_only_its_own()
    {
        var shoot = await DeployedAsync();
        await shoot.DeployAsync("b");
        await shoot.WaitForHealthAsync("b", "True");

        await shoot.ReportAsync(Installation, "False", Unhealthy);
        await shoot.WaitForHealthAsync("a", "False");
        ((string?)Shoot.HealthConditionOf(await shoot.GetAsync("b"))!["status"]).Should().Be("True");

        await shoot.ReportAsync("extension-runtime-gvisor", "False", "RuntimeClass is missing");
        await shoot.WaitForHealthAsync("b", "False");
    }

    [Fact]
    public async Task Nothing_is_written_when_nothing_has_changed_and_conditions_of_others_stay()
    {
        var shoot = await DeployedAsync();
        var foreign = new JsonObject
        {
            ["type"] = "EveryNodeReady",
            ["status"] = "True",
            ["lastTransitionTime"] = "2026-01-01T00:00:00Z",
            ["lastUpdateTime"] = "2026-01-01T00:00:00Z",
            ["reason"] = "R",
            ["message"] = "M",
        };
        await seed.Api.JsonPatchAsync(
            $"{ApiPaths.ContainerRuntimes(shoot.Namespace, Shoot.NameOf("a"))}/status",
            new JsonArray(new JsonObject { ["op"] = "add", ["path"] = "/status/conditions/-", ["value"] = foreign.DeepClone() }));
        var settled = (string?)(await shoot.GetAsync("a"))["metadata"]!["resourceVersion"];

        await shoot.ReportAsync(Installation, "True", "All resources are healthy, said in other words.");
        await shoot.SetResourceManagerDelayAsync("1s");
        var other = await DeployedAsync();
        ((string?)(await shoot.GetAsync("a"))["metadata"]!["resourceVersion"]).Should().Be(settled, "a later shoot has its condition already");

        await shoot.ReportAsync(Installation, "False", Unhealthy);
        var conditions = (await shoot.WaitForHealthAsync("a", "False"))["status"]!["conditions"]!.AsArray();
        conditions.Should().HaveCount(2);
        JsonNode.DeepEquals(conditions.First(condition => (string?)condition!["type"] == "EveryNodeReady"), foreign).Should().BeTrue();
        await other.DeleteAsync("a");
    }

    [Fact]
    public async Task A_hibernated_shoot_has_none_until_it_wakes_up()
    {
        var shoot = await DeployedAsync();

        await shoot.UpdateClusterAsync(Shoot.ClusterSpec(hibernated: true));
        await shoot.WaitForHealthAsync("a", null);

        await shoot.UpdateClusterAsync(Shoot.ClusterSpec());
        await shoot.WaitForHealthAsync("a", "True");
    }

    [Fact]
    public async Task A_deletion_leaves_it_as_it_is_and_ends()
    {
        var shoot = await DeployedAsync();
        await shoot.SetResourceManagerDelayAsync("2s");

        await shoot.DeleteAsync("a");
        await shoot.WaitForAsync("a", "Delete", "Processing");
        await shoot.WaitForHealthAsync("a", "True");

        await shoot.WaitUntilGoneAsync("a");
    }

    private async Task<Shoot> DeployedAsync()
    {
        var shoot = await Shoot.CreateAsync(seed.Api);
        await shoot.DeployAsync("a");
        await shoot.WaitUntilReadyAsync("a");
        await shoot.WaitForHealthAsync("a", "True");
        return shoot;
    }
}

/// <summary>Conditions are for those who ask for them; those that are there end when nobody does any more.</summary>
[Collection(OwnSeedCollection.Name)]
public sealed class HealthConditionFlagTests(OwnSeed seed)
{
    [Fact]
    public async Task The_condition_is_off_by_default_and_ends_when_it_is_switched_off()
    {
        await using var resourceManager = ResourceManagerProcess.Start(seed.ControlPlane, TimeSpan.Zero);
        var shoot = await Shoot.CreateAsync(seed.Api);
        await using (await seed.StartControllerAsync(null, "--health-conditions"))
        {
            await shoot.DeployAsync("a");
            await shoot.WaitForHealthAsync("a", "True");
        }

        await using (await seed.StartControllerAsync())
        {
            await shoot.WaitForHealthAsync("a", null);
            await shoot.AnnotateAsync("a", "reconcile");
            Shoot.HealthConditionOf(await shoot.WaitUntilReadyAsync("a")).Should().BeNull();
        }

        await using (await seed.StartControllerAsync(null, "--health-conditions"))
        {
            await shoot.WaitForHealthAsync("a", "True");
        }
    }
}
