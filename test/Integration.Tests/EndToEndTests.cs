// SPDX-License-Identifier: Apache-2.0

using System.Text.Json.Nodes;
using ControlPlane;

namespace Integration.Tests;

/// <summary>Gardener contract 10.5, on a real API server, with the controller's own rights.</summary>
public sealed class EndToEndTests(SharedSeed seed)
{
    private const string Shared = "extension-runtime-gvisor";
    private const string ReferencePrefix = "reference.resources.gardener.cloud/";

    [Fact]
    public async Task A_new_ContainerRuntime_gets_two_ManagedResources_with_immutable_secrets()
    {
        var shoot = await Shoot.CreateAsync(seed.Api);

        await shoot.DeployAsync("a");
        var runtime = await shoot.WaitUntilReadyAsync("a");

        Text(runtime["status"]!["lastOperation"]!["type"]).Should().Be("Create");
        Finalizers(runtime).Should().Equal("extensions.gardener.cloud/containerruntime");
        var managedResources = await shoot.ManagedResourcesAsync();
        managedResources.Keys.Should().BeEquivalentTo(Shared, Installation("a"));
        var secrets = await shoot.SecretsAsync();
        secrets.Should().HaveCount(2);
        foreach (var (name, resource) in managedResources)
        {
            var secretName = SecretOf(resource);
            secretName.Should().MatchRegex($"^managedresource-{name}-[0-9a-f]{{8}}$");
            resource["metadata"]!["annotations"]!.AsObject().Where(entry => entry.Key.StartsWith(ReferencePrefix, StringComparison.Ordinal))
                .Select(entry => Text(entry.Value)).Should().Equal(secretName);
            Text(resource["metadata"]!["labels"]!["origin"]).Should().Be("extension-runtime-gvisor");
            Text(resource["spec"]!["injectLabels"]!["shoot.gardener.cloud/no-cleanup"]).Should().Be("true");
            ((bool?)resource["spec"]!["keepObjects"]).Should().BeFalse();
            resource["spec"]!["class"].Should().BeNull();

            var secret = secrets[secretName];
            ((bool?)secret["immutable"]).Should().BeTrue();
            Text(secret["type"]).Should().Be("Opaque");
            Text(secret["metadata"]!["labels"]!["resources.gardener.cloud/garbage-collectable-reference"]).Should().Be("true");
            secret["data"]!.AsObject().Select(entry => entry.Key).Should().Equal("config.yaml");
        }
    }

    [Fact]
    public async Task The_API_server_accepts_every_object_that_the_shoot_would_get()
    {
        var shoot = await Shoot.CreateAsync(seed.Api);

        await shoot.DeployAsync("a", Shoot.ProviderConfig(("net-raw", "true"), ("debug", "true"), ("panic-signal", "6")));
        await shoot.WaitUntilReadyAsync("a");

        // The stand-in resource manager has each object checked by the server before it reports this.
        var applied = await shoot.WaitUntilAppliedAsync();
        applied.Values.SelectMany(resource => resource["status"]!["resources"]!.AsArray()).Select(reference => Text(reference!["kind"]))
            .Should().BeEquivalentTo("RuntimeClass", "ServiceAccount", "ConfigMap", "DaemonSet");
    }

    [Fact]
    public async Task A_second_pool_leaves_the_shared_ManagedResource_untouched()
    {
        var shoot = await Shoot.CreateAsync(seed.Api);
        await shoot.DeployAsync("a");
        await shoot.WaitUntilReadyAsync("a");
        var before = (await shoot.ManagedResourcesAsync())[Shared];
        var secretBefore = (await shoot.SecretsAsync())[SecretOf(before)];

        await shoot.DeployAsync("b");
        await shoot.WaitUntilReadyAsync("b");

        var after = await shoot.ManagedResourcesAsync();
        after.Keys.Should().BeEquivalentTo(Shared, Installation("a"), Installation("b"));
        Generation(after[Shared]).Should().Be(Generation(before));
        SecretOf(after[Shared]).Should().Be(SecretOf(before));
        Version((await shoot.SecretsAsync())[SecretOf(before)]).Should().Be(Version(secretBefore));
    }

    [Fact]
    public async Task A_changed_configuration_makes_a_new_secret_for_its_pool_and_keeps_the_old_one()
    {
        var shoot = await Shoot.CreateAsync(seed.Api);
        await shoot.DeployAsync("a");
        await shoot.DeployAsync("b");
        await shoot.WaitUntilReadyAsync("a");
        await shoot.WaitUntilReadyAsync("b");
        var before = await shoot.ManagedResourcesAsync();

        await shoot.DeployAsync("a", Shoot.ProviderConfig(("net-raw", "true")));
        var runtime = await shoot.WaitUntilReadyAsync("a");

        Text(runtime["status"]!["lastOperation"]!["type"]).Should().Be("Reconcile");
        var after = await shoot.ManagedResourcesAsync();
        SecretOf(after[Installation("a")]).Should().NotBe(SecretOf(before[Installation("a")]));
        Generation(after[Installation("b")]).Should().Be(Generation(before[Installation("b")]));
        Generation(after[Shared]).Should().Be(Generation(before[Shared]));
        (await shoot.SecretsAsync()).Keys.Should().Contain([SecretOf(before[Installation("a")]), SecretOf(after[Installation("a")])]);
    }

    [Fact]
    public async Task An_unchanged_input_writes_nothing_but_annotation_and_status()
    {
        var shoot = await Shoot.CreateAsync(seed.Api);
        await shoot.DeployAsync("a", Shoot.ProviderConfig(("net-raw", "true"), ("debug", "true"), ("nvproxy", "true")));
        await shoot.WaitUntilReadyAsync("a");
        var settled = await shoot.WaitUntilAppliedAsync();
        var secrets = await shoot.SecretsAsync();

        await shoot.AnnotateAsync("a", "reconcile");
        await shoot.WaitUntilReadyAsync("a");

        (await shoot.ManagedResourcesAsync()).Should().AllSatisfy(entry => Version(entry.Value).Should().Be(Version(settled[entry.Key])));
        (await shoot.SecretsAsync()).Should().HaveCount(secrets.Count).And.AllSatisfy(entry => Version(entry.Value).Should().Be(Version(secrets[entry.Key])));
    }

    [Fact]
    public async Task The_shared_ManagedResource_goes_with_the_last_pool()
    {
        var shoot = await Shoot.CreateAsync(seed.Api);
        await shoot.DeployAsync("a");
        await shoot.DeployAsync("b");
        await shoot.WaitUntilReadyAsync("a");
        await shoot.WaitUntilReadyAsync("b");

        await shoot.DeleteAsync("a");
        await shoot.WaitUntilGoneAsync("a");

        var left = await shoot.ManagedResourcesAsync();
        left.Keys.Should().BeEquivalentTo(Shared, Installation("b"));
        left[Shared]["metadata"]!["deletionTimestamp"].Should().BeNull();

        await shoot.DeleteAsync("b");
        await shoot.WaitUntilGoneAsync("b");

        (await shoot.ManagedResourcesAsync()).Should().BeEmpty();
    }

    [Fact]
    public async Task A_pool_that_replaces_another_keeps_the_shared_ManagedResource()
    {
        var shoot = await Shoot.CreateAsync(seed.Api);
        await shoot.DeployAsync("old");
        await shoot.WaitUntilReadyAsync("old");

        // gardenlet deploys and deletes at the same time.
        await Task.WhenAll(shoot.DeleteAsync("old"), shoot.DeployAsync("new"));
        await shoot.WaitUntilGoneAsync("old");
        await shoot.WaitUntilReadyAsync("new");

        var left = await shoot.ManagedResourcesAsync();
        left.Keys.Should().BeEquivalentTo(Shared, Installation("new"));
        left.Values.Should().AllSatisfy(resource => resource["metadata"]!["deletionTimestamp"].Should().BeNull());
    }

    [Fact]
    public async Task A_migration_keeps_the_objects_in_the_shoot_and_frees_the_ContainerRuntimes()
    {
        var shoot = await Shoot.CreateAsync(seed.Api);
        string[] pools = ["a", "b"];
        foreach (var pool in pools)
        {
            await shoot.DeployAsync(pool);
            await shoot.WaitUntilReadyAsync(pool);
        }

        // Held, so that what they look like while they are deleted can be read.
        await shoot.WaitUntilAppliedAsync();
        await shoot.SetResourceManagerDelayAsync("down");

        await Task.WhenAll(pools.Select(pool => shoot.AnnotateAsync(pool, "migrate")));
        await Eventually.GetAsync(
            "pool ManagedResources being deleted with keepObjects",
            shoot.ManagedResourcesAsync,
            resources => pools.All(pool => IsKeptAndDeleted(resources[Installation(pool)])));
        await shoot.SetResourceManagerDelayAsync(null);
        foreach (var pool in pools)
        {
            var runtime = await shoot.WaitForAsync(pool, "Migrate", "Succeeded");
            await Eventually.TrueAsync("no finalizer and no annotation left", async () =>
                await shoot.FindAsync(pool) is { } value && value["metadata"]!["finalizers"] is null
                && value["metadata"]!["annotations"]!["gardener.cloud/operation"] is null);
            Text(runtime["status"]!["lastOperation"]!["description"]).Should().Be("Successfully migrated ContainerRuntime");
        }

        (await shoot.ManagedResourcesAsync()).Should().BeEmpty();
        foreach (var pool in pools)
        {
            await shoot.DeleteAsync(pool);
            (await shoot.FindAsync(pool)).Should().BeNull();
        }
    }

    [Fact]
    public async Task Restoration_waits_for_its_state_and_then_writes_everything_anew()
    {
        var shoot = await Shoot.CreateAsync(seed.Api);
        var other = await Shoot.CreateAsync(seed.Api);

        await shoot.DeployAsync("a", operation: "wait-for-state");
        var waiting = await shoot.GetAsync("a");

        // When the controller has worked on a later object, it has seen this one, too.
        await other.DeployAsync("a");
        await other.WaitUntilReadyAsync("a");
        Version(await shoot.GetAsync("a")).Should().Be(Version(waiting));

        await shoot.AnnotateAsync("a", "restore");
        var runtime = await shoot.WaitUntilReadyAsync("a");

        Text(runtime["status"]!["lastOperation"]!["type"]).Should().Be("Restore");
        (await shoot.ManagedResourcesAsync()).Should().HaveCount(2)
            .And.AllSatisfy(entry => ((bool?)entry.Value["spec"]!["keepObjects"]).Should().BeFalse());
    }

    [Fact]
    public async Task A_failed_shoot_is_left_alone_until_its_Cluster_says_otherwise()
    {
        var shoot = await Shoot.CreateAsync(seed.Api, Shoot.ClusterSpec(state: "Failed"));
        var other = await Shoot.CreateAsync(seed.Api);

        await shoot.DeployAsync("a");
        var before = await shoot.GetAsync("a");
        await other.DeployAsync("a");
        await other.WaitUntilReadyAsync("a");
        Version(await shoot.GetAsync("a")).Should().Be(Version(before));
        (await shoot.ManagedResourcesAsync()).Should().BeEmpty();

        await shoot.UpdateClusterAsync(Shoot.ClusterSpec(state: "Processing"));
        await shoot.WaitUntilReadyAsync("a");
    }

    private static string Installation(string pool) => $"extension-runtime-gvisor-installation-{pool}";

    private static string SecretOf(JsonObject managedResource) => Text(managedResource["spec"]!["secretRefs"]!.AsArray().Single()!["name"]);

    private static string Text(JsonNode? value) => (string)value!;

    private static long Generation(JsonObject value) => (long)value["metadata"]!["generation"]!;

    private static string Version(JsonObject value) => Text(value["metadata"]!["resourceVersion"]);

    private static IEnumerable<string> Finalizers(JsonObject value) => value["metadata"]!["finalizers"]!.AsArray().Select(Text);

    private static bool IsKeptAndDeleted(JsonObject managedResource) =>
        (bool?)managedResource["spec"]!["keepObjects"] == true && managedResource["metadata"]!["deletionTimestamp"] is not null;
}
