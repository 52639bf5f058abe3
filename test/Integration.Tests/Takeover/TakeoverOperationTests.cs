// SPDX-License-Identifier: Apache-2.0

using System.Text.Json.Nodes;
using ControlPlane;

namespace Integration.Tests.Takeover;

/// <summary>
/// Shoots that the Go extension set up, and whose first operation under this one is not a reconcile; and the way back
/// (docs/operations/migrate-from-go.md).
/// </summary>
[Collection(OwnSeedCollection.Name)]
public sealed class TakeoverOperationTests(OwnSeed seed) : IAsyncLifetime
{
    private const string RuntimeClass = "RuntimeClass gvisor";
    private const string DaemonSet = "DaemonSet containerd-gvisor-a";

    private ChildProcess? _resourceManager;
    private Shoot _shoot = null!;
    private GoExtension _go = null!;

    public async ValueTask InitializeAsync()
    {
        await Landscape.ClearShootAsync(seed.Api);
        _shoot = await Shoot.CreateAsync(seed.Api);
        _resourceManager = StartResourceManager(_shoot);
        _go = new GoExtension(seed.Api, _shoot);
        await _go.ReconcileAsync("a");
        await _go.ReconcileAsync("b");
        await _go.LeaveLegacySecretAsync("a");
        await _shoot.WaitUntilAppliedAsync();
    }

    public async ValueTask DisposeAsync()
    {
        if (_resourceManager is not null)
        {
            await _resourceManager.DisposeAsync();
        }

        await Landscape.ClearShootAsync(seed.Api);
    }

    [Fact]
    public async Task A_deletion_right_after_the_takeover_leaves_nothing_behind()
    {
        await using var controller = await seed.StartControllerAsync();

        await Task.WhenAll(_shoot.DeleteAsync("a"), _shoot.DeleteAsync("b"));
        await _shoot.WaitUntilGoneAsync("a");
        await _shoot.WaitUntilGoneAsync("b");

        var left = await Landscape.ReadAsync(seed.Api, _shoot);
        left.Names.Should().BeEquivalentTo(left.Garbage, "the garbage collectors of seed and shoot take the rest");
        left.Names.Should().NotContain($"Secret {GoExtension.LegacySecretOf("a")}");
    }

    [Fact]
    public async Task A_pool_that_is_deleted_right_after_the_takeover_leaves_the_others_alone()
    {
        var before = await Landscape.ReadAsync(seed.Api, _shoot);
        await using var controller = await seed.StartControllerAsync();

        await _shoot.DeleteAsync("a");
        await _shoot.WaitUntilGoneAsync("a");

        var left = await Landscape.ReadAsync(seed.Api, _shoot);
        left.Names.Should().NotContain([DaemonSet, "ConfigMap containerd-gvisor-a", $"ManagedResource {GoExtension.Installation("a")}"]);
        left.VersionsInShoot.Should().Contain(before.VersionsInShoot.Where(version => !version.Contains("containerd-gvisor-a ", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task A_migration_right_after_the_takeover_touches_nothing_in_the_shoot()
    {
        var before = await Landscape.ReadAsync(seed.Api, _shoot);
        await using var controller = await seed.StartControllerAsync();

        await MigrateAsync();

        var after = await Landscape.ReadAsync(seed.Api, _shoot);
        after.VersionsInShoot.Should().BeEquivalentTo(before.VersionsInShoot);
        after.Names.Should().NotContain(name => name.StartsWith("ManagedResource ", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_control_plane_from_a_seed_with_the_Go_extension_is_restored_with_one_roll()
    {
        var before = await Landscape.ReadAsync(seed.Api, _shoot);
        await using var controller = await seed.StartControllerAsync();
        await MigrateAsync();
        await _resourceManager!.DisposeAsync();
        var destination = await Shoot.CreateAsync(seed.Api);
        _resourceManager = StartResourceManager(destination);

        foreach (var pool in (string[])["a", "b"])
        {
            await destination.DeployAsync(pool, operation: "wait-for-state");
            await destination.AnnotateAsync(pool, "restore");
            await destination.WaitUntilReadyAsync(pool);
        }

        await destination.WaitUntilAppliedAsync();
        var after = await Landscape.ReadAsync(seed.Api, destination);
        after.Uid(RuntimeClass).Should().Be(before.Uid(RuntimeClass));
        after.Uid(DaemonSet).Should().Be(before.Uid(DaemonSet));
        ((string?)after[DaemonSet]["spec"]!["template"]!["metadata"]!["labels"]!["worker.gardener.cloud/pool"]).Should().Be("a");

        // Nobody on this seed knows of it; the page says so.
        after.NamesInShoot.Should().Contain("ConfigMap containerd-gvisor-a");
    }

    [Fact]
    public async Task Going_back_to_the_Go_extension_is_a_rolling_update_that_needs_nobodys_hand()
    {
        var before = await Landscape.ReadAsync(seed.Api, _shoot);
        await using (await seed.StartControllerAsync())
        {
            foreach (var pool in (string[])["a", "b"])
            {
                await _shoot.AnnotateAsync(pool, "reconcile");
                await _shoot.WaitUntilReadyAsync(pool);
            }

            await _shoot.WaitUntilAppliedAsync();
        }

        var ours = await Landscape.ReadAsync(seed.Api, _shoot);
        await _go.ReconcileAsync("a");
        await _go.ReconcileAsync("b");
        await _shoot.WaitUntilAppliedAsync();

        var back = await Landscape.ReadAsync(seed.Api, _shoot);
        foreach (var name in (string[])[RuntimeClass, DaemonSet, "DaemonSet containerd-gvisor-b"])
        {
            ours.Uid(name).Should().Be(before.Uid(name));
            back.Uid(name).Should().Be(before.Uid(name));
            JsonNode.DeepEquals(back[name]["spec"], before[name]["spec"]).Should().BeTrue($"{name} is as the Go extension wrote it");
        }

        back[DaemonSet]["metadata"]!["labels"]!.AsObject().Should().ContainKey("helm.sh/chart");
        ConfigMapOf(back[DaemonSet]).Should().Be("containerd-gvisor-a");
        back.Names.Where(name => name.StartsWith("ManagedResource ", StringComparison.Ordinal))
            .Should().BeEquivalentTo(before.Names.Where(name => name.StartsWith("ManagedResource ", StringComparison.Ordinal)));
        back.Garbage.Should().Contain($"ConfigMap {ConfigMapOf(ours[DaemonSet])}");
    }

    private static string ConfigMapOf(JsonObject daemonSet) => daemonSet["spec"]!["template"]!["spec"]!["volumes"]!.AsArray()
        .Select(volume => (string?)volume!["configMap"]?["name"])
        .Single(name => name is not null)!;

    private ChildProcess StartResourceManager(Shoot shoot) =>
        ResourceManagerProcess.Start(seed.ControlPlane, TimeSpan.Zero, apply: true, shoot.Namespace);

    private async Task MigrateAsync()
    {
        string[] pools = ["a", "b"];
        await Task.WhenAll(pools.Select(pool => _shoot.AnnotateAsync(pool, "migrate")));
        foreach (var pool in pools)
        {
            await _shoot.WaitForAsync(pool, "Migrate", "Succeeded");
            await Eventually.TrueAsync("no finalizer left", async () => (await _shoot.GetAsync(pool))["metadata"]!["finalizers"] is null);
        }
    }
}
