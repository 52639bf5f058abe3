// SPDX-License-Identifier: Apache-2.0

using System.Text;
using System.Text.Json;
using Gardener.Extensions.Api;

namespace Gardener.Extensions.Tests.Api;

public sealed class ClusterShootConverterTests
{
    [Fact]
    public void The_fields_that_extensions_need_are_read() => Shoot("""
        {
          "apiVersion": "core.gardener.cloud/v1beta1",
          "kind": "Shoot",
          "metadata": {
            "name": "crazy-botany",
            "namespace": "garden-dev",
            "deletionTimestamp": "2026-05-04T10:00:00Z",
            "annotations": { "confirmation.gardener.cloud/force-deletion": "true" }
          },
          "spec": { "hibernation": { "enabled": true } },
          "status": { "lastOperation": { "state": "Failed" } }
        }
        """).Should().Be(new ClusterShoot
    {
        Name = "crazy-botany",
        Namespace = "garden-dev",
        IsBeingDeleted = true,
        NeedsForceDeletion = true,
        IsHibernated = true,
        HasFailed = true,
    });

    [Fact]
    public void Maximum_and_architecture_of_every_pool_are_read() =>
        Shoot("""
            {
              "spec": {
                "provider": {
                  "type": "local",
                  "workers": [
                    { "name": "a", "minimum": 1, "maximum": 6, "machine": { "name": "x", "maximum": 9, "architecture": "arm64", "type": "m" }, "zones": ["z"] },
                    { "maximum": 40, "name": "b" },
                    { "name": "without" },
                    { "maximum": 3 },
                    { "name": "odd", "maximum": "7", "machine": ["amd64"] },
                    { "name": "part", "maximum": 7.5, "machine": { "architecture": 64 }, "architecture": "arm64" },
                    null,
                    ["c"]
                  ],
                  "workersSettings": { "name": "d", "maximum": 1 }
                },
                "hibernation": { "enabled": true }
              }
            }
            """)
            .Should().BeEquivalentTo(new
            {
                IsHibernated = true,
                WorkerPools = new Dictionary<string, ClusterWorkerPool>(StringComparer.Ordinal)
                {
                    ["a"] = new() { Maximum = 6, Architecture = "arm64" },
                    ["b"] = new() { Maximum = 40 },
                    ["without"] = new(),
                    ["odd"] = new(),
                    ["part"] = new(),
                },
            });

    [Theory]
    [InlineData("1", true)]
    [InlineData("t", true)]
    [InlineData("T", true)]
    [InlineData("true", true)]
    [InlineData("TRUE", true)]
    [InlineData("True", true)]
    [InlineData("0", false)]
    [InlineData("false", false)]
    [InlineData("tRUE", false)]
    [InlineData("yes", false)]
    [InlineData("", false)]
    [InlineData(" true", false)]
    public void Force_deletion_is_confirmed_by_what_Go_parses_as_true(string value, bool isConfirmed) =>
        Shoot($$"""{"metadata":{"annotations":{"confirmation.gardener.cloud/force-deletion":"{{value}}" } } }""")!
            .NeedsForceDeletion.Should().Be(isConfirmed);

    [Theory]
    [InlineData("Failed", true)]
    [InlineData("failed", false)]
    [InlineData("Error", false)]
    [InlineData("Processing", false)]
    [InlineData("SomethingNew", false)]
    public void A_shoot_has_failed_only_in_the_state_Failed(string state, bool hasFailed) =>
        Shoot($$"""{"status":{"lastOperation":{"state":"{{state}}" } } }""")!.HasFailed.Should().Be(hasFailed);

    [Theory]
    [InlineData("""{}""")]
    [InlineData("""{"metadata":{},"spec":{},"status":{}}""")]
    [InlineData("""{"metadata":null,"spec":null,"status":null}""")]
    [InlineData("""{"metadata":{"annotations":null},"spec":{"hibernation":null},"status":{"lastOperation":null}}""")]
    [InlineData("""{"spec":{"hibernation":{}},"status":{"lastOperation":{}}}""")]
    [InlineData("""{"spec":{"hibernation":{"enabled":false}}}""")]
    [InlineData("""{"Metadata":{"name":"x"},"SPEC":{"hibernation":{"enabled":true}},"Status":{"lastOperation":{"state":"Failed"}}}""")]
    [InlineData("""{"status":{"state":"Failed"},"spec":{"enabled":true},"name":"x"}""")]
    [InlineData("""{"spec":{"metadata":{"name":"x"},"status":{"lastOperation":{"state":"Failed"}}}}""")]
    public void What_is_absent_or_elsewhere_is_not_read(string shoot) => Shoot(shoot).Should().Be(new ClusterShoot());

    [Theory]
    [InlineData("""{"metadata":"text","spec":[1,{"hibernation":{"enabled":true}}],"status":7}""")]
    [InlineData("""{"metadata":{"name":{"a":[1,2]},"namespace":["x"],"annotations":["confirmation.gardener.cloud/force-deletion"]}}""")]
    [InlineData("""{"metadata":{"annotations":{"confirmation.gardener.cloud/force-deletion":true},"deletionTimestamp":true}}""")]
    [InlineData("""{"spec":{"hibernation":{"enabled":"true"}},"status":{"lastOperation":{"state":{"Failed":"Failed"}}}}""")]
    [InlineData("""{"spec":{"hibernation":[{"enabled":true}]},"status":{"lastOperation":["Failed"]}}""")]
    public void A_field_of_an_unexpected_type_counts_as_absent(string shoot) => Shoot(shoot).Should().Be(new ClusterShoot());

    [Fact]
    public void Fields_after_an_odd_one_are_still_read() =>
        Shoot("""{"spec":{"hibernation":{"schedules":[{"start":"x"}],"enabled":true},"provider":{"workers":[[],{}]}},"kind":5,"status":{"lastOperation":{"progress":{},"state":"Failed"}}}""")
            .Should().Be(new ClusterShoot { IsHibernated = true, HasFailed = true });

    [Fact]
    public void Unknown_and_repeated_fields_are_no_error() =>
        Shoot("""{"status":{"lastOperation":{"state":"Processing"}},"extra":{"a":[{"b":null}]},"status":{"lastOperation":{"state":"Failed"}}}""")!
            .HasFailed.Should().BeTrue();

    [Theory]
    [InlineData("null")]
    [InlineData("\"text\"")]
    [InlineData("[{\"metadata\":{}}]")]
    [InlineData("7")]
    [InlineData("true")]
    public void A_shoot_that_is_no_object_counts_as_absent(string shoot) => Shoot(shoot).Should().BeNull();

    [Fact]
    public void A_Cluster_without_a_shoot_decodes() => Decode("""{"metadata":{"name":"shoot--a--b"},"spec":{"cloudProfile":{}}}""")
        .Spec.Shoot.Should().BeNull();

    [Fact]
    public void Cloud_profile_and_seed_are_skipped_whatever_they_hold()
    {
        var images = string.Join(',', Enumerable.Range(0, 2000).Select(i => $$"""{"name":"image-{{i}}","versions":[{"version":"{{i}}.0","cri":[{"name":"containerd"}]}]}"""));
        var cluster = $$"""
            {
              "apiVersion": "extensions.gardener.cloud/v1alpha1",
              "kind": "Cluster",
              "metadata": { "name": "shoot--a--b", "resourceVersion": "7" },
              "spec": {
                "cloudProfile": { "kind": 1, "spec": { "machineImages": [{{images}}] } },
                "seed": "not even an object",
                "shoot": { "metadata": { "name": "b", "managedFields": [{ "fieldsV1": {} }] } }
              },
              "status": {}
            }
            """;
        cluster.Length.Should().BeGreaterThan(100_000);

        var decoded = Decode(cluster);

        decoded.Metadata.Name.Should().Be("shoot--a--b");
        decoded.Spec.Should().Be(new ClusterSpec { Shoot = new ClusterShoot { Name = "b" } });
    }

    [Fact]
    public void A_Cluster_is_never_written()
    {
        var write = () => JsonSerializer.Serialize(new Cluster { Spec = new() { Shoot = new() } }, GardenerJson.Default.Cluster);

        write.Should().Throw<NotSupportedException>().WithMessage("*gardenlet*");
    }

    private static ClusterShoot? Shoot(string json) => Decode($$$"""{"metadata":{"name":"shoot--a--b"},"spec":{"shoot":{{{json}}}}}""").Spec.Shoot;

    private static Cluster Decode(string json) => JsonSerializer.Deserialize(Encoding.UTF8.GetBytes(json), GardenerJson.Default.Cluster)!;
}
