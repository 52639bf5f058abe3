// SPDX-License-Identifier: Apache-2.0

using Gardener.Extensions.Api;
using Gardener.Extensions.Operations;
using Kubernetes.Controllers.Client;
using Kubernetes.Controllers.Reconciling;

namespace Gardener.Extensions.Tests.Operations;

/// <summary>An object that cannot be decoded is told of where its owner looks.</summary>
public sealed class UndecodableReconcilerTests
{
    private const string Reason = "it does not fit its type at $.spec.workerPool";

    private readonly Seed _seed = new();
    private readonly UndecodableReconciler<ContainerRuntime> _reconciler;

    public UndecodableReconcilerTests() => _reconciler = new UndecodableReconciler<ContainerRuntime>(
        ExtensionKinds.ContainerRuntime, _seed.Trigger, _seed.Server, _seed.Events, _seed.Time);

    [Fact]
    public async Task The_status_and_an_event_say_what_is_wrong_and_the_request_stays()
    {
        Break();

        await ReconcileAsync();

        var value = Json()!;
        ((string?)value["status"]!["lastError"]!["description"]).Should().Be($"Error reconciling ContainerRuntime: ContainerRuntime cannot be decoded: {Reason}");
        ((string?)value["status"]!["lastOperation"]!["state"]).Should().Be("Error");
        ((long?)value["status"]!["observedGeneration"]).Should().Be((long?)value["metadata"]!["generation"]);
        ((string?)value["metadata"]!["annotations"]!["gardener.cloud/operation"]).Should().Be("reconcile");
        _seed.Events.Lines.Should().ContainSingle().Which.Should().Contain("Undecodable").And.Contain(Reason);
    }

    [Fact]
    public async Task The_own_write_is_a_version_that_cannot_be_decoded_either_and_is_not_told_again()
    {
        Break();
        await ReconcileAsync();
        _seed.Server.Forget();

        await ReconcileAsync();

        _seed.Writes.Should().BeEmpty();
    }

    [Fact]
    public async Task A_deletion_says_why_it_does_not_go_on_and_the_finalizer_stays()
    {
        Break();
        _seed.Change($$$"""{"metadata":{"finalizers":["{{{Seed.Finalizer}}}"]} }""");
        _seed.Delete();

        await ReconcileAsync();

        ((string?)Json()!["status"]!["lastError"]!["description"]).Should().StartWith("Error deleting ContainerRuntime: ");
        Json()!["metadata"]!["finalizers"]!.AsArray().Should().ContainSingle();
    }

    [Theory]
    [InlineData("""{"spec":{"type":"kata"}}""")]
    [InlineData("""{"spec":{"type":["gvisor"]}}""")]
    [InlineData("""{"spec":"gvisor"}""")]
    [InlineData("""{"spec":null}""")]
    public async Task An_object_that_may_be_somebody_elses_is_left_alone(string change)
    {
        Break();
        _seed.Change(change);

        await ReconcileAsync();

        _seed.Writes.Should().BeEmpty();
        _seed.Events.Lines.Should().BeEmpty();
    }

    [Fact]
    public async Task A_version_that_is_no_longer_the_newest_is_not_told_of()
    {
        Break();
        var found = Found();
        _seed.Change("""{"spec":{"workerPool":{"name":"a"}}}""");

        await ReconcileAsync(found);

        _seed.Writes.Should().BeEmpty();
    }

    private void Break()
    {
        _seed.Create();
        _seed.Change("""{"spec":{"workerPool":[]}}""");
    }

    private System.Text.Json.Nodes.JsonObject? Json() => _seed.Server.Json(GardenerResources.ContainerRuntimes, Seed.Key);

    private UndecodableObject Found() => new(Seed.Key, "u", 1, (string?)Json()!["metadata"]!["resourceVersion"], Reason);

    private Task<ReconcileResult> ReconcileAsync(UndecodableObject? found = null)
    {
        _reconciler.Note(Seed.Key, found ?? Found());
        return _reconciler.ReconcileAsync(Seed.Key, TestContext.Current.CancellationToken);
    }
}
