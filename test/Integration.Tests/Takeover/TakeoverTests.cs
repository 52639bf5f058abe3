// SPDX-License-Identifier: Apache-2.0

using System.Text.Json.Nodes;
using ControlPlane;

namespace Integration.Tests.Takeover;

/// <summary>This extension in the place of the Go extension (docs/operations/migrate-from-go.md), stage by stage.</summary>
[Collection(OwnSeedCollection.Name)]
public sealed class TakeoverTests(TakenOverShoot shoot) : IClassFixture<TakenOverShoot>
{
    private const string RuntimeClass = "RuntimeClass gvisor";
    private const string ServiceAccount = "ServiceAccount gvisor";

    [Fact]
    public void The_shoot_is_as_the_Go_extension_leaves_it()
    {
        shoot.Before.NamesInShoot.Should().BeEquivalentTo(
            RuntimeClass, ServiceAccount, "ConfigMap containerd-gvisor-a", "DaemonSet containerd-gvisor-a", "ConfigMap containerd-gvisor-old", "DaemonSet containerd-gvisor-old");
        var daemonSet = shoot.Before["DaemonSet containerd-gvisor-a"];
        daemonSet["spec"]!["selector"]!["matchLabels"]!.AsObject().Should().ContainSingle("all pools share it");
        foreach (var holder in (JsonNode[])[daemonSet, daemonSet["spec"]!["template"]!])
        {
            var labels = holder["metadata"]!["labels"]!;
            Text(labels["shoot.gardener.cloud/no-cleanup"]).Should().Be("true");
            Text(labels["resources.gardener.cloud/managed-by"]).Should().Be("gardener");
        }

        Text(daemonSet["metadata"]!["annotations"]!["resources.gardener.cloud/origin"]).Should().Be($"{shoot.Namespace}/{GoExtension.Installation("a")}");
        SecretOf(shoot.Before, GoExtension.Installation("old")).Should().Be(GoExtension.LegacySecretOf("old"));
    }

    [Fact]
    public void The_Lease_of_the_stopped_leader_is_waited_for_and_then_taken()
    {
        var first = shoot.Requests.First(request => IsOurs(request) && request.IsWrite && request.Resource is not ("leases" or "events"));

        first.Time.Should().BeAfter(shoot.LastRenewal + TimeSpan.FromSeconds(14), "until then the Go extension might still work");
        shoot.Requests.Should().Contain(request => IsOurs(request) && request.Name == "gardener-extension-heartbeat" && request.IsWrite && request.Code == 200);
    }

    [Fact]
    public void Nothing_rolls_and_no_operation_begins_until_gardenlet_asks()
    {
        shoot.Started.Versions.Where(IsNoContainerRuntime).Should().BeEquivalentTo(shoot.Before.Versions.Where(IsNoContainerRuntime));
        foreach (var runtime in TakenOverShoot.Pools.Select(pool => $"ContainerRuntime {Shoot.NameOf(pool)}"))
        {
            JsonNode.DeepEquals(shoot.Started[runtime]["status"]!["lastOperation"], shoot.Before[runtime]["status"]!["lastOperation"]).Should().BeTrue();
        }
    }

    [Fact]
    public void The_same_ManagedResources_own_the_same_objects()
    {
        string[] managedResources = [GoExtension.Shared, .. TakenOverShoot.Pools.Select(GoExtension.Installation)];

        shoot.Reconciled.Names.Where(name => name.StartsWith("ManagedResource ", StringComparison.Ordinal))
            .Should().BeEquivalentTo(managedResources.Select(name => $"ManagedResource {name}"));
        foreach (var name in managedResources)
        {
            var resource = shoot.Reconciled[$"ManagedResource {name}"];
            shoot.Reconciled.Uid($"ManagedResource {name}").Should().Be(shoot.Before.Uid($"ManagedResource {name}"));
            Text(resource["metadata"]!["labels"]!["origin"]).Should().Be("extension-runtime-gvisor");
            resource["spec"]!["class"].Should().BeNull();
            foreach (var reference in resource["status"]!["resources"]!.AsArray())
            {
                Text(shoot.Reconciled[$"{reference!["kind"]} {reference["name"]}"]["metadata"]!["annotations"]!["resources.gardener.cloud/origin"])
                    .Should().Be($"{shoot.Namespace}/{name}");
            }
        }

        managedResources.SelectMany(name => shoot.Reconciled[$"ManagedResource {name}"]["status"]!["resources"]!.AsArray())
            .Select(reference => $"{reference!["kind"]} {reference["name"]}")
            .Should().OnlyHaveUniqueItems().And.BeEquivalentTo(shoot.Reconciled.NamesInShoot, "everything has one owner");
    }

    [Theory]
    [InlineData(RuntimeClass)]
    [InlineData(ServiceAccount)]
    public void What_sandboxed_pods_need_stays_the_same_object(string name)
    {
        shoot.Reconciled.Uid(name).Should().Be(shoot.Before.Uid(name));
        shoot.Reconciled.VersionsInShoot.Should().Contain(shoot.Before.VersionsInShoot.Single(version => version.StartsWith(name, StringComparison.Ordinal)), "it is what it was");
    }

    [Theory]
    [InlineData("a")]
    [InlineData("old")]
    public void Each_DaemonSet_is_updated_once_and_in_place(string pool)
    {
        var name = $"DaemonSet containerd-gvisor-{pool}";
        var daemonSet = shoot.Reconciled[name];

        shoot.Reconciled.Uid(name).Should().Be(shoot.Before.Uid(name), "a rolling update is gated by the installer's readiness, a new DaemonSet is not");
        JsonNode.DeepEquals(daemonSet["spec"]!["selector"], shoot.Before[name]["spec"]!["selector"]).Should().BeTrue();
        Text(daemonSet["spec"]!["template"]!["metadata"]!["labels"]!["worker.gardener.cloud/pool"]).Should().Be(pool);
        ((int?)daemonSet["spec"]!["updateStrategy"]!["rollingUpdate"]!["maxUnavailable"]).Should().Be(1);
        daemonSet["metadata"]!["labels"]!.AsObject().Should().NotContainKey("helm.sh/chart");
        ((long?)daemonSet["metadata"]!["generation"]).Should().Be((long?)shoot.Before[name]["metadata"]!["generation"] + 1);
        shoot.Requests.Where(request => request.User == "resource-manager" && request.Resource == "daemonsets" && request.Code < 300)
            .Should().NotContain(request => request.Verb == "delete" || request.Verb == "create");
    }

    [Fact]
    public void Nothing_of_the_Go_extension_is_left_over()
    {
        foreach (var pool in TakenOverShoot.Pools)
        {
            shoot.Reconciled.NamesInShoot.Should().NotContain($"ConfigMap containerd-gvisor-{pool}");
            shoot.Reconciled.Garbage.Should().Contain($"Secret {SecretOf(shoot.Before, GoExtension.Installation(pool))}");
        }

        var live = shoot.Reconciled.Names.Where(name => name.StartsWith("ManagedResource ", StringComparison.Ordinal))
            .Select(name => SecretOf(shoot.Reconciled, name["ManagedResource ".Length..]));
        shoot.Reconciled.References.Should().Contain(live, "what is in use must not be collected");
        shoot.Reconciled.NamesInShoot.Where(name => name.StartsWith("ConfigMap ", StringComparison.Ordinal))
            .Should().HaveCount(TakenOverShoot.Pools.Length).And.NotContain(shoot.Reconciled.Garbage);
    }

    [Fact]
    public void The_next_reconcile_writes_nothing_but_the_ContainerRuntimes()
    {
        shoot.ReconciledAgain.Versions.Where(IsNoContainerRuntime).Should().BeEquivalentTo(shoot.Reconciled.Versions.Where(IsNoContainerRuntime));
    }

    [Theory]
    [InlineData("a")]
    [InlineData("old")]
    public void The_ContainerRuntimes_go_on_as_if_they_had_always_been_ours(string pool)
    {
        var runtime = shoot.Reconciled[$"ContainerRuntime {Shoot.NameOf(pool)}"];

        Text(runtime["status"]!["lastOperation"]!["type"]).Should().Be("Reconcile");
        runtime["metadata"]!["finalizers"]!.AsArray().Select(Text).Should().Equal("extensions.gardener.cloud/containerruntime");
    }

    private static bool IsOurs(AuditedRequest request) => request.UserAgent.StartsWith("gardener-extension-runtime-gvisor", StringComparison.Ordinal);

    private static bool IsNoContainerRuntime(string version) => !version.StartsWith("ContainerRuntime ", StringComparison.Ordinal);

    private static string SecretOf(Landscape landscape, string managedResource) =>
        Text(landscape[$"ManagedResource {managedResource}"]["spec"]!["secretRefs"]!.AsArray().Single()!["name"]);

    private static string Text(JsonNode? value) => (string)value!;
}
