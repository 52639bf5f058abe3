// SPDX-License-Identifier: Apache-2.0

using System.Text.Json;
using System.Text.Json.Nodes;
using Gardener.Extensions.Api;
using Gardener.Extensions.ManagedResources;

namespace Gardener.Extensions.Tests.Api;

public sealed class GardenerJsonTests
{
    [Fact]
    public void A_ContainerRuntime_is_read_with_the_fields_of_the_contract()
    {
        var value = Read("""
            {
              "apiVersion": "extensions.gardener.cloud/v1alpha1",
              "kind": "ContainerRuntime",
              "metadata": { "name": "gvisor-a", "namespace": "shoot--a--b", "generation": 3 },
              "spec": {
                "type": "gvisor",
                "class": "shoot",
                "binaryPath": "/var/bin/containerruntimes",
                "providerConfig": { "configFlags": { "debug": "true" } },
                "workerPool": { "name": "a", "selector": { "matchLabels": { "worker.gardener.cloud/pool": "a" } } },
                "somethingNew": { "x": [1] }
              },
              "status": {
                "lastOperation": { "type": "Reconcile", "state": "Error", "progress": 50, "description": "Error: x", "lastUpdateTime": "2026-05-04T10:00:00Z" },
                "lastError": { "description": "Error: x", "codes": ["ERR_CONFIGURATION_PROBLEM"], "taskID": "t", "lastUpdateTime": "2026-05-04T12:00:00.5+02:00" },
                "observedGeneration": 3
              }
            }
            """);

        value.Spec.Should().BeEquivalentTo(
            new { Type = "gvisor", Class = "shoot", BinaryPath = "/var/bin/containerruntimes", WorkerPool = new { Name = "a" } });
        value.Spec.WorkerPool.Selector!.MatchLabels.Should().Contain("worker.gardener.cloud/pool", "a");
        value.Spec.ProviderConfig!.Value.GetProperty("configFlags").GetProperty("debug").GetString().Should().Be("true");
        value.Status!.LastOperation.Should().Be(new LastOperation
        {
            Type = OperationType.Reconcile,
            State = OperationState.Error,
            Progress = 50,
            Description = "Error: x",
            LastUpdateTime = new(2026, 5, 4, 10, 0, 0, TimeSpan.Zero),
        });
        value.Status.LastError.Should().Be(new LastError
        {
            Description = "Error: x",
            Codes = ["ERR_CONFIGURATION_PROBLEM"],
            LastUpdateTime = new(2026, 5, 4, 10, 0, 0, 500, TimeSpan.Zero),
        });
        value.Status.ObservedGeneration.Should().Be(3);
    }

    [Theory]
    [InlineData("""{"spec":{"providerConfig":null}}""")]
    [InlineData("""{"spec":{}}""")]
    public void No_provider_config_is_null(string json) => Read(json).Spec.ProviderConfig.Should().BeNull();

    [Theory]
    [InlineData("{}")]
    [InlineData("""{"spec":null,"status":null}""")]
    [InlineData("""{"spec":{},"status":{}}""")]
    [InlineData("""{"spec":{"workerPool":null},"status":{"lastOperation":{},"lastError":{},"conditions":[{}]}}""")]
    public void What_is_absent_is_empty_where_code_relies_on_it(string json)
    {
        var containerRuntime = Read(json);
        containerRuntime.Spec.WorkerPool.Name.Should().BeNull();

        JsonSerializer.Deserialize(json, GardenerJson.Default.Cluster)!.Spec.Shoot.Should().BeNull();

        var managedResource = JsonSerializer.Deserialize(json, GardenerJson.Default.ManagedResource)!;
        managedResource.Spec.SecretRefs.Should().BeEmpty();
        managedResource.Condition("ResourcesApplied").Should().BeNull();
        managedResource.IsApplied().Should().BeFalse();
    }

    [Fact]
    public void A_status_without_its_texts_has_empty_ones()
    {
        var status = Read("""{"status":{"lastOperation":{},"lastError":{}}}""").Status!;

        status.LastOperation!.Description.Should().BeEmpty();
        status.LastError!.Description.Should().BeEmpty();
    }

    [Fact]
    public void Managed_fields_are_not_kept() =>
        Read("""{"metadata":{"name":"x","managedFields":[{"manager":"gardenlet","fieldsV1":{"f:spec":{}}}]}}""")
            .Metadata.ManagedFields.Should().BeNull("they are often the largest part of an object, and nothing reads them");

    [Fact]
    public void A_deletion_time_is_UTC_whatever_its_offset()
    {
        var time = Read("""{"metadata":{"name":"x","deletionTimestamp":"2026-05-04T12:00:00+02:00"}}""").Metadata.DeletionTimestamp!.Value;

        time.Should().Be(new DateTime(2026, 5, 4, 10, 0, 0, DateTimeKind.Utc));
        time.Kind.Should().Be(DateTimeKind.Utc);
    }

    [Fact]
    public void An_absent_field_is_not_written()
    {
        var value = new ManagedResource { Metadata = new() { Name = "x" }, Spec = new() { KeepObjects = false, SecretRefs = [new() { Name = "s" }] } };

        JsonNode.DeepEquals(
            JsonSerializer.SerializeToNode(value, GardenerJson.Default.ManagedResource),
            JsonNode.Parse("""
                {
                  "apiVersion": "resources.gardener.cloud/v1alpha1",
                  "kind": "ManagedResource",
                  "metadata": { "name": "x" },
                  "spec": { "keepObjects": false, "secretRefs": [{ "name": "s" }] }
                }
                """)).Should().BeTrue();
    }

    private static ContainerRuntime Read(string json) => JsonSerializer.Deserialize(json, GardenerJson.Default.ContainerRuntime)!;
}
