// SPDX-License-Identifier: Apache-2.0

using System.Text.Json.Nodes;
using Gardener.Extensions.Api;
using Gardener.Extensions.Clusters;
using Gardener.Extensions.Health;
using Gardener.Extensions.Operations;
using Gardener.Extensions.Tests.Operations;
using Kubernetes.Controllers.Caching;
using Kubernetes.Controllers.Reconciling;

namespace Gardener.Extensions.Tests.Health;

public sealed class ExtensionHealthReconcilerTests
{
    private const string Foreign = """{"type":"Other","status":"False","lastTransitionTime":"2026-05-01T10:00:00Z","lastUpdateTime":"2026-05-01T10:00:00Z","reason":"R","message":"M","codes":["C"]}""";

    private readonly Seed _seed = new();
    private readonly RecordedLog _log = new();
    private bool _isEnabled = true;

    [Fact]
    public async Task Before_the_resource_manager_has_reported_there_is_no_condition_and_no_request()
    {
        await ReconciledAsync();

        await ReconcileAsync();

        Condition().Should().BeNull();
        _seed.Server.Requests.Should().BeEmpty();
    }

    [Fact]
    public async Task A_healthy_ManagedResource_becomes_a_true_condition_in_one_request()
    {
        await ReconciledAsync();
        Report(healthy: "True");

        await ReconcileAsync();

        _seed.Writes.Should().ContainSingle();
        Condition()!.ToJsonString().Should().Be(
            """{"type":"SystemComponentsHealthy","status":"True","lastTransitionTime":"2026-05-04T10:00:00Z","lastUpdateTime":"2026-05-04T10:00:00Z","reason":"HealthCheckSuccessful","message":"pool a: all objects in the shoot are healthy"}""");
    }

    [Fact]
    public async Task An_unhealthy_one_says_which_and_why_in_the_resource_managers_words()
    {
        await ReconciledAsync();
        Report(healthy: "False", message: "too many unavailable pods found (2/3)");

        await ReconcileAsync();

        Text("status").Should().Be("False");
        Text("reason").Should().Be("HealthCheckUnsuccessful");
        Text("message").Should().Be("pool a: ManagedResource 'extension-sample-a': DaemonSetMissing: too many unavailable pods found (2/3)");
    }

    [Fact]
    public async Task An_unchanged_object_is_not_written_again()
    {
        await ReconciledAsync();
        Report(healthy: "True");
        await ReconcileAsync();
        _seed.Server.Forget();
        _seed.Time.Advance(TimeSpan.FromHours(1));

        await ReconcileAsync();

        _seed.Writes.Should().BeEmpty();
    }

    [Fact]
    public async Task Of_a_new_generation_nothing_is_said_until_it_is_judged()
    {
        await ReconciledAsync();
        Report(healthy: "False");
        await ReconcileAsync();
        _seed.Server.Change(GardenerResources.ManagedResources, SampleActuator.ManagedResource, """{"spec":{"keepObjects":true}}""");

        await ReconcileAsync();
        Condition().Should().BeNull("Progressing would hide every other component of the shoot for as long as nobody observes the generation");

        Report(healthy: "True");
        await ReconcileAsync();
        Text("status").Should().Be("True");
    }

    [Fact]
    public async Task The_transition_time_is_that_of_the_status_and_the_update_time_that_of_anything()
    {
        await ReconciledAsync();
        Report(healthy: "False", message: "1 of 3");
        await ReconcileAsync();
        var before = Text("lastTransitionTime");
        _seed.Time.Advance(TimeSpan.FromMinutes(2));

        Report(healthy: "False", message: "2 of 3");
        await ReconcileAsync();
        Text("lastTransitionTime").Should().Be(before);
        Text("lastUpdateTime").Should().Be("2026-05-04T10:02:00Z");

        Report(healthy: "True");
        await ReconcileAsync();
        Text("lastTransitionTime").Should().Be("2026-05-04T10:02:00Z");
    }

    [Fact]
    public async Task A_message_that_counts_nodes_is_written_once_a_minute_and_a_status_at_once()
    {
        await ReconciledAsync();
        Report(healthy: "False", message: "1 of 3");
        await ReconcileAsync();
        _seed.Time.Advance(TimeSpan.FromSeconds(20));

        Report(healthy: "False", message: "2 of 3");
        var result = await ReconcileAsync();
        Text("message").Should().Contain("1 of 3");
        result.RequeueAfter.Should().BeCloseTo(TimeSpan.FromSeconds(40), TimeSpan.FromSeconds(1));

        _seed.Time.Advance(result.RequeueAfter!.Value);
        await ReconcileAsync();
        Text("message").Should().Contain("2 of 3");

        Report(healthy: "True");
        (await ReconcileAsync()).Should().Be(ReconcileResult.Done);
        Text("status").Should().Be("True");
    }

    [Fact]
    public async Task Conditions_of_others_stay_as_they_are()
    {
        await ReconciledAsync();
        _seed.Change($$$"""{"status":{"conditions":[{{{Foreign}}}]}}""", "status");
        Report(healthy: "True");

        await ReconcileAsync();
        Conditions().Select(condition => (string?)condition!["type"]).Should().Equal("Other", "SystemComponentsHealthy");
        Conditions()[0]!.ToJsonString().Should().Be(JsonNode.Parse(Foreign)!.ToJsonString());

        _seed.ChangeCluster("""{"shoot":{"spec":{"hibernation":{"enabled":true}}}}""");
        await ReconcileAsync();
        Conditions().Should().ContainSingle().Which!.ToJsonString().Should().Be(JsonNode.Parse(Foreign)!.ToJsonString());
    }

    [Fact]
    public async Task A_write_by_somebody_else_in_between_is_no_error_and_is_not_undone()
    {
        await ReconciledAsync();
        Report(healthy: "True");
        var isFirst = true;
        _seed.Server.Before = request =>
        {
            if (request.IsWrite && isFirst)
            {
                isFirst = false;
                _seed.Change($$$"""{"status":{"conditions":[{{{Foreign}}}]}}""", "status");
            }
        };

        await ReconcileAsync();

        Conditions().Select(condition => (string?)condition!["type"]).Should().Equal("Other", "SystemComponentsHealthy");
    }

    public static TheoryData<string> Endings() => ["migrated", "migrating", "hibernated", "turned off"];

    [Theory]
    [MemberData(nameof(Endings))]
    public async Task The_condition_goes_when_nobody_keeps_anything_in_the_shoot_any_more(string ending)
    {
        await ReconciledAsync();
        Report(healthy: "False");
        await ReconcileAsync();
        Condition().Should().NotBeNull();

        switch (ending)
        {
            case "migrating":
                _seed.Ask("migrate");
                break;
            case "migrated":
                _seed.Change("""{"status":{"lastOperation":{"type":"Migrate","state":"Succeeded"}}}""", "status");
                break;
            case "hibernated":
                _seed.ChangeCluster("""{"shoot":{"spec":{"hibernation":{"enabled":true}}}}""");
                break;
            default:
                _isEnabled = false;
                break;
        }

        await ReconcileAsync();
        Condition().Should().BeNull();
        _seed.LastOperation.Should().NotBeNull("the rest of the status is others' to write");

        _seed.Server.Forget();
        await ReconcileAsync();
        _seed.Writes.Should().BeEmpty();
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task An_object_that_is_being_deleted_keeps_the_condition_that_it_has(bool hasOne)
    {
        await ReconciledAsync();
        Report(healthy: "True");
        if (hasOne)
        {
            await ReconcileAsync();
        }

        var before = Condition();
        _seed.Delete();
        Report(healthy: "False");
        _seed.Server.Forget();
        await ReconcileAsync();

        Condition()?.ToJsonString().Should().Be(before?.ToJsonString());
        _seed.Server.Requests.Should().BeEmpty("a deletion of many shoots at once has other things to write");
    }

    [Fact]
    public async Task A_transition_is_one_line_in_the_log()
    {
        await ReconciledAsync();
        Report(healthy: "False", message: "1 of 3");
        await ReconcileAsync();
        _seed.Time.Advance(TimeSpan.FromMinutes(2));
        Report(healthy: "False", message: "2 of 3");
        await ReconcileAsync();
        Report(healthy: "True");
        await ReconcileAsync();

        _log.Lines.Should().Equal(
            "Information: Condition SystemComponentsHealthy of shoot--a--b/gvisor-a is False: pool a: ManagedResource 'extension-sample-a': DaemonSetMissing: 1 of 3",
            "Information: Condition SystemComponentsHealthy of shoot--a--b/gvisor-a is True: pool a: all objects in the shoot are healthy");
    }

    [Fact]
    public async Task An_object_of_another_type_or_one_that_is_gone_is_left_alone()
    {
        await ReconcileAsync();
        _seed.Create();
        _seed.Change("""{"spec":{"type":"kata"},"status":{"conditions":[]}}""");

        await ReconcileAsync();

        _seed.Server.Writes.Should().BeEmpty();
    }

    [Theory]
    [InlineData("""{"metadata":{"annotations":{"note":"x"}}}""", null, false)]
    [InlineData("""{"status":{"lastOperation":{"state":"Processing"}}}""", "status", false)]
    [InlineData("""{"metadata":{"annotations":{"gardener.cloud/operation":"migrate"}}}""", null, true)]
    [InlineData("""{"status":{"lastOperation":{"type":"Migrate"}}}""", "status", true)]
    [InlineData("""{"status":{"conditions":[{"type":"SystemComponentsHealthy","status":"True"}]}}""", "status", true)]
    public async Task Only_what_may_matter_to_the_condition_starts_a_look(string patch, string? subresource, bool concerns)
    {
        await ReconciledAsync();
        var before = _seed.Object;

        _seed.Change(patch, subresource);

        ExtensionHealthReconciler<ContainerRuntime>.Concerns(
            new InformerEvent<ContainerRuntime>(InformerEventType.Updated, _seed.Object!, before, IsInInitialList: false, IsResync: false)).Should().Be(concerns);
    }

    private async Task ReconciledAsync()
    {
        _seed.Create();
        await _seed.ReconcileAsync();
        _seed.Server.Forget();
    }

    /// <summary>A process that has just started: nothing is remembered.</summary>
    private Task<ReconcileResult> ReconcileAsync() => new ExtensionHealthReconciler<ContainerRuntime>(
        ExtensionKinds.ContainerRuntime,
        new ExtensionHealthOptions<ContainerRuntime>
        {
            ManagedResources = _ => [SampleActuator.ManagedResource],
            Subject = value => $"pool {value.Spec.WorkerPool.Name}",
            IsEnabled = _isEnabled,
        },
        _seed.Trigger,
        _seed.Server,
        _seed.Server.LiveCache(GardenerResources.ContainerRuntimes),
        _seed.Server.LiveCache(GardenerResources.ManagedResources),
        new ClusterLookup(
            _seed.Server.LiveCache(GardenerResources.ContainerRuntimes), _seed.Server.LiveCache(GardenerResources.ClusterMetadata), _seed.Server, _seed.Time),
        _seed.Time,
        _log).ReconcileAsync(Seed.Key, TestContext.Current.CancellationToken);

    private void Report(string healthy, string message = "fine")
    {
        var generation = _seed.Server.Get(GardenerResources.ManagedResources, SampleActuator.ManagedResource)!.Metadata.Generation;
        _seed.Server.Change(
            GardenerResources.ManagedResources,
            SampleActuator.ManagedResource,
            $$"""
            {
              "status": {
                "observedGeneration": {{generation}},
                "conditions": [
                  { "type": "ResourcesApplied", "status": "True", "reason": "ApplySucceeded", "message": "fine" },
                  { "type": "ResourcesHealthy", "status": "{{healthy}}", "reason": "DaemonSetMissing", "message": "{{message}}" },
                  { "type": "ResourcesProgressing", "status": "False", "reason": "ResourcesRolledOut", "message": "fine" }
                ]
              }
            }
            """,
            "status");
    }

    private JsonArray Conditions() =>
        _seed.Server.Json(GardenerResources.ContainerRuntimes, Seed.Key)!["status"]?["conditions"]?.AsArray() ?? [];

    private JsonNode? Condition() => Conditions().FirstOrDefault(condition => (string?)condition!["type"] == "SystemComponentsHealthy");

    private string? Text(string field) => (string?)Condition()![field];
}
