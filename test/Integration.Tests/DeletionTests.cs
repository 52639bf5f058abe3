// SPDX-License-Identifier: Apache-2.0

using System.Text.Json.Nodes;
using ControlPlane;

namespace Integration.Tests;

/// <summary>Deletions wait for resource managers that may be slow, asleep or dead; nothing else waits for them.</summary>
public sealed class DeletionTests(SharedSeed seed)
{
    private const string Message = "DaemonSet kube-system/containerd-gvisor-a";

    [Fact]
    public async Task A_deletion_that_waits_says_for_what_and_turns_into_an_error_after_two_minutes()
    {
        var shoot = await DeployedAsync();
        await shoot.SetResourceManagerDelayAsync("3600s");

        await shoot.DeleteAsync("a");
        var waiting = await Eventually.GetAsync(
            "status with the ManagedResource's message",
            () => shoot.GetAsync("a"),
            value => Description(value).Contains("DeletionPending", StringComparison.Ordinal),
            TimeSpan.FromSeconds(90));
        State(waiting).Should().Be("Processing");
        Description(waiting).Should().Contain("extension-runtime-gvisor-installation-a").And.Contain(Message);

        var overdue = await shoot.WaitForAsync("a", "Delete", "Error", TimeSpan.FromSeconds(180));
        Description(overdue).Should().StartWith("Error deleting ContainerRuntime: ").And.Contain(Message);
        ((string?)overdue["status"]!["lastError"]!["description"]).Should().Be(Description(overdue));
        overdue["metadata"]!["finalizers"]!.AsArray().Should().HaveCount(1);
        var warning = await shoot.WaitForEventAsync("a", "DeleteOverdue");
        ((string?)warning["message"]).Should().Be(Description(overdue));
        ((int?)warning["count"]).Should().Be(1);

        // The shoot wakes up.
        await shoot.SetResourceManagerDelayAsync(null);
        await shoot.WaitUntilGoneAsync("a");
    }

    [Fact]
    public async Task More_stuck_deletions_than_workers_hold_up_no_other_shoot()
    {
        // The controller has five workers.
        var stuck = await Task.WhenAll(Enumerable.Range(0, 8).Select(async _ =>
        {
            var shoot = await DeployedAsync(Shoot.ClusterSpec(hibernated: true));
            await shoot.SetResourceManagerDelayAsync("down");
            await shoot.DeleteAsync("a");
            return shoot;
        }));
        var other = await Shoot.CreateAsync(seed.Api);

        await other.DeployAsync("a");
        await other.WaitUntilReadyAsync("a");
        await other.DeleteAsync("a");
        await other.WaitUntilGoneAsync("a");

        foreach (var shoot in stuck)
        {
            (await shoot.FindAsync("a")).Should().NotBeNull();
            await shoot.SetResourceManagerDelayAsync(null);
            await shoot.WaitUntilGoneAsync("a");
        }
    }

    [Fact]
    public async Task Forty_deletions_in_twenty_shoots_wait_together()
    {
        var shoots = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => Shoot.CreateAsync(seed.Api)));
        string[] pools = ["a", "b"];
        await ForEachAsync(async (shoot, pool) =>
        {
            await shoot.DeployAsync(pool);
            await shoot.WaitUntilReadyAsync(pool);
        });
        foreach (var shoot in shoots)
        {
            await shoot.WaitUntilAppliedAsync();
            await shoot.SetResourceManagerDelayAsync("down");
        }

        await ForEachAsync((shoot, pool) => shoot.DeleteAsync(pool));

        // Nothing goes before all are seen to wait: five workers that stay with what they wait for would never come to the sixth.
        await ForEachAsync((shoot, pool) => Eventually.GetAsync(
            $"the deletion of {pool} waits",
            () => shoot.GetAsync(pool),
            value => Description(value).Contains(": waiting for ", StringComparison.Ordinal)));
        foreach (var shoot in shoots)
        {
            await shoot.SetResourceManagerDelayAsync(null);
        }

        await ForEachAsync((shoot, pool) => shoot.WaitUntilGoneAsync(pool));

        Task ForEachAsync(Func<Shoot, string, Task> act) => Task.WhenAll(shoots.SelectMany(shoot => pools.Select(pool => act(shoot, pool))));
    }

    [Fact]
    public async Task Force_deletion_waits_for_nothing()
    {
        var shoot = await DeployedAsync();
        await shoot.SetResourceManagerDelayAsync("down");
        await shoot.UpdateClusterAsync(Shoot.ClusterSpec(forceDeletion: true));

        await shoot.DeleteAsync("a");
        await shoot.WaitUntilGoneAsync("a", TimeSpan.FromSeconds(30));

        (await shoot.ManagedResourcesAsync()).Should().HaveCount(2)
            .And.AllSatisfy(entry => entry.Value["metadata"]!["deletionTimestamp"].Should().NotBeNull());
    }

    [Fact]
    public async Task A_confirmation_of_force_deletion_releases_a_deletion_that_waits_already()
    {
        var shoot = await DeployedAsync();
        await shoot.SetResourceManagerDelayAsync("down");
        await shoot.DeleteAsync("a");
        await shoot.WaitForAsync("a", "Delete", "Processing");

        await shoot.UpdateClusterAsync(Shoot.ClusterSpec(forceDeletion: true));

        await shoot.WaitUntilGoneAsync("a", TimeSpan.FromSeconds(30));
    }

    [Fact]
    public async Task A_deletion_needs_no_Cluster()
    {
        var shoot = await DeployedAsync();
        await seed.Api.DeleteAsync(ApiPaths.Clusters(shoot.Namespace));

        await shoot.DeleteAsync("a");

        await shoot.WaitUntilGoneAsync("a");
        (await shoot.ManagedResourcesAsync()).Should().BeEmpty();
    }

    [Fact]
    public async Task A_namespace_that_is_going_without_a_Cluster_is_not_held_up()
    {
        var shoot = await DeployedAsync();
        await shoot.SetResourceManagerDelayAsync("down");
        await seed.Api.DeleteAsync(ApiPaths.Clusters(shoot.Namespace));
        await seed.Api.DeleteAsync(ApiPaths.Namespaces(shoot.Namespace));

        await shoot.DeleteAsync("a");

        await shoot.WaitUntilGoneAsync("a", TimeSpan.FromSeconds(30));
    }

    private static string Description(JsonObject value) => (string?)value["status"]?["lastOperation"]?["description"] ?? "";

    private static string State(JsonObject value) => (string)value["status"]!["lastOperation"]!["state"]!;

    /// <summary>A shoot with gVisor in one pool, which its resource manager knows of.</summary>
    private async Task<Shoot> DeployedAsync(JsonObject? cluster = null)
    {
        var shoot = await Shoot.CreateAsync(seed.Api, cluster);
        await shoot.DeployAsync("a");
        await shoot.WaitUntilReadyAsync("a");
        await shoot.WaitUntilAppliedAsync();
        return shoot;
    }
}
