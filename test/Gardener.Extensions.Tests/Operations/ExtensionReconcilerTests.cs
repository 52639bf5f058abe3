// SPDX-License-Identifier: Apache-2.0

using System.Net;
using System.Text.Json.Nodes;
using Gardener.Extensions.Api;
using Gardener.Extensions.Operations;
using Kubernetes.Controllers.Client;
using Kubernetes.Controllers.Reconciling;
using static Gardener.Extensions.Api.OperationState;

namespace Gardener.Extensions.Tests.Operations;

/// <summary>The flows of the contract, against a server that keeps what was written.</summary>
public sealed class ExtensionReconcilerTests
{
    private const string Metadata = "patch containerruntimes shoot--a--b/gvisor-a";
    private const string Status = "patch containerruntimes/status shoot--a--b/gvisor-a";

    private readonly Seed _seed = new();

    [Fact]
    public async Task A_new_object_is_reconciled_with_few_writes_in_their_order()
    {
        _seed.Create();

        (await _seed.ReconcileAsync()).Should().Be(ReconcileResult.Done);

        var writes = _seed.Server.Writes.ToList();
        writes.Select(write => $"{write.Verb} {write.Resource}/{write.Subresource}").Should().Equal(
            "patch containerruntimes/",
            "create secrets/",
            "create managedresources/",
            "patch containerruntimes/status");
        writes[0].Body!["metadata"]!.AsObject().Select(field => field.Key).Should().BeEquivalentTo("annotations", "finalizers", "resourceVersion");
        writes[3].Body!.ToJsonString().Should().Be(Text("""
            {"status":{"lastOperation":{"description":"Successfully reconciled ContainerRuntime","lastUpdateTime":"2026-05-04T10:00:00Z","progress":100,"state":"Succeeded","type":"Create"},"observedGeneration":1}}
            """));
        _seed.Server.Requests.Should().HaveCount(writes.Count + 1, "of the Cluster only the metadata are cached");
    }

    [Fact]
    public async Task Work_that_takes_longer_than_a_moment_shows_that_it_goes_on()
    {
        _seed.Create();
        _seed.Actuator.Instead = token => LastUntilAsync(() => _seed.ReportedStates.Contains("Processing"), token);

        await _seed.ReconcileAsync();

        _seed.ReportedStates.Should().Equal("Processing", "Succeeded");
        var processing = _seed.Server.Writes.First(write => write.Subresource == "status").Body!["status"]!["lastOperation"]!;
        ((string?)processing["description"]).Should().Be("Reconciling the ContainerRuntime");
        ((int?)processing["progress"]).Should().Be(1);
        _seed.LastOperation.Should().BeEquivalentTo(new { Type = OperationType.Create, State = Succeeded, Progress = 100 });
    }

    [Fact]
    public async Task Work_that_fails_although_its_progress_could_not_be_reported_shows_its_error()
    {
        _seed.Create();
        var refusals = 0;
        _seed.Server.Before = request =>
        {
            if (request.Subresource == "status" && refusals++ == 0)
            {
                throw new HttpRequestException("connection refused");
            }
        };
        _seed.Actuator.Instead = async token =>
        {
            await LastUntilAsync(() => refusals == 1, token);
            throw new InvalidOperationException("no such thing");
        };

        await FailsAsync<OperationFailedException>();

        _seed.LastError!.Description.Should().Be("Error reconciling ContainerRuntime: no such thing");
    }

    [Fact]
    public async Task A_specification_that_changes_during_the_work_is_done_before_success_is_reported()
    {
        _seed.Create();
        _seed.Actuator.Instead = async token =>
        {
            if (_seed.Object!.Metadata.Generation == 1)
            {
                _seed.Ask("reconcile", binaryPath: "/elsewhere");
                await LastUntilAsync(() => _seed.ReportedStates.Contains("Processing"), token);
            }
        };

        await _seed.ReconcileAsync();

        _seed.Actuator.Calls.Should().HaveCount(2);
        _seed.Object!.Status!.ObservedGeneration.Should().Be(2);
        _seed.Object.OperationAnnotation().Should().BeNull();
    }

    [Fact]
    public async Task What_gardenlet_waits_for_is_there_in_the_end()
    {
        _seed.Create();

        await _seed.ReconcileAsync();

        var value = _seed.Object!;
        value.OperationAnnotation().Should().BeNull();
        value.TimestampAnnotation().Should().NotBeNull();
        value.Metadata.Finalizers.Should().Equal(Seed.Finalizer);
        value.Status!.ObservedGeneration.Should().Be(value.Metadata.Generation);
        value.NeedsReconcile().Should().BeFalse();
        _seed.LastOperation.Type.Should().Be(OperationType.Create);
    }

    [Fact]
    public async Task Annotations_and_finalizers_of_others_stay()
    {
        _seed.Create();
        _seed.Change("""{"metadata":{"annotations":{"note":"x"},"finalizers":["other"]}}""");

        await _seed.ReconcileAsync();

        _seed.Object!.Metadata.Annotations.Should().ContainKey("note");
        _seed.Object.Metadata.Finalizers.Should().Equal("other", Seed.Finalizer);
    }

    [Fact]
    public async Task Reconciling_again_writes_the_status_only_when_nothing_has_changed()
    {
        await ReconciledAsync();
        _seed.Ask("reconcile");

        await _seed.ReconcileAsync();

        _seed.Writes.Should().Equal(Metadata, Status);
        _seed.LastOperation.Type.Should().Be(OperationType.Reconcile);
        _seed.LastOperation.LastUpdateTime.Should().Be(new DateTimeOffset(2026, 5, 4, 10, 1, 0, TimeSpan.Zero));
    }

    [Fact]
    public async Task A_new_specification_is_observed()
    {
        await ReconciledAsync();
        _seed.Ask("reconcile", binaryPath: "/elsewhere");

        await _seed.ReconcileAsync();

        _seed.Object!.Status!.ObservedGeneration.Should().Be(2);
        _seed.Server.All(GardenerResources.Secrets).Should().HaveCount(2, "the old one is left to the garbage collector");
    }

    [Fact]
    public async Task A_key_that_was_queued_twice_finds_its_work_done()
    {
        await ReconciledAsync();

        await _seed.ReconcileAsync();

        _seed.Server.Requests.Should().BeEmpty();
    }

    [Fact]
    public async Task An_object_that_is_gone_is_no_error()
    {
        (await _seed.ReconcileAsync()).Should().Be(ReconcileResult.Done);
        _seed.Server.Requests.Should().BeEmpty();
    }

    [Fact]
    public async Task Objects_of_other_extensions_are_left_alone()
    {
        _seed.Create();
        _seed.Change("""{"spec":{"type":"kata"}}""");

        await _seed.ReconcileAsync();

        _seed.Server.Requests.Should().BeEmpty();
    }

    [Fact]
    public async Task While_the_state_is_restored_nothing_is_touched()
    {
        _seed.Create("wait-for-state");

        await _seed.ReconcileAsync();

        _seed.Server.Requests.Should().BeEmpty();
    }

    [Fact]
    public async Task A_restoration_keeps_its_annotation_until_it_has_succeeded()
    {
        _seed.Create("restore");

        await _seed.ReconcileAsync();

        _seed.Actuator.Calls.Should().Equal("restore");
        var writes = _seed.Server.Writes.ToList();
        writes.Select(write => write.ToString()).Where(write => write.Contains("containerruntimes", StringComparison.Ordinal))
            .Should().Equal(Metadata, Status, Metadata);
        writes[0].Body!["metadata"]!["annotations"].Should().BeNull();
        writes[^1].Body!.ToJsonString().Should().Be("""{"metadata":{"annotations":{"gardener.cloud/operation":null}}}""");
        _seed.LastOperation.Should().BeEquivalentTo(new { Type = OperationType.Restore, State = Succeeded, Description = "Successfully restored ContainerRuntime" });
        _seed.Object!.OperationAnnotation().Should().BeNull();
    }

    [Fact]
    public async Task A_failed_shoot_leaves_the_annotation_for_later()
    {
        _seed.Create();
        _seed.ChangeCluster("""{"shoot":{"status":{"lastOperation":{"state":"Failed"}}}}""");

        (await _seed.ReconcileAsync()).Should().Be(ReconcileResult.Done);

        _seed.Writes.Should().BeEmpty();
        _seed.Object!.OperationAnnotation().Should().Be("reconcile");

        _seed.ChangeCluster("""{"shoot":{"status":{"lastOperation":{"state":"Processing"}}}}""");
        await _seed.ReconcileAsync();
        _seed.LastOperation.State.Should().Be(Succeeded);
    }

    [Theory]
    [InlineData("reconcile", "reconciling")]
    [InlineData("restore", "restoring")]
    public async Task Without_a_Cluster_the_status_says_what_is_missing_and_the_request_stays(string operation, string doing)
    {
        _seed.RemoveCluster();
        _seed.Create(operation);

        await FailsAsync<OperationFailedException>();

        _seed.LastError!.Description.Should().Be(
            $"Error {doing} ContainerRuntime: Cluster 'shoot--a--b' not found: gardenlet must write it before the objects of namespace 'shoot--a--b'");
        _seed.LastError.Codes.Should().BeNull();
        _seed.Object!.OperationAnnotation().Should().Be(operation);
        _seed.Actuator.Calls.Should().BeEmpty();

        _seed.AddCluster();
        await _seed.ReconcileAsync();
        _seed.LastOperation.State.Should().Be(Succeeded);
        _seed.LastError.Should().BeNull();
    }

    [Fact]
    public async Task Without_a_shoot_in_the_Cluster_the_status_names_the_field()
    {
        _seed.ChangeCluster("""{"shoot":null}""");
        _seed.Create();

        await FailsAsync<OperationFailedException>();

        _seed.LastError!.Description.Should().Be(
            "Error reconciling ContainerRuntime: Cluster 'shoot--a--b' has no shoot: field 'spec.shoot' must hold an object of kind Shoot");
    }

    [Fact]
    public async Task A_Cluster_that_the_cache_does_not_have_yet_is_asked_for()
    {
        _seed.RemoveCluster();
        _seed.Create();
        _seed.Server.Before = request =>
        {
            if (request is { Verb: "get", Resource: "clusters" })
            {
                _seed.AddCluster();
            }
        };

        await _seed.ReconcileAsync();

        _seed.LastOperation.State.Should().Be(Succeeded);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Deletion_and_migration_need_no_Cluster(bool isMigration)
    {
        await ReconciledAsync();
        _seed.ReleaseOnDeletion();
        _seed.RemoveCluster();
        if (isMigration)
        {
            _seed.Ask("migrate");
        }

        _seed.Delete();
        await _seed.ReconcileAsync();

        _seed.Object.Should().BeNull();
        _seed.Server.All(GardenerResources.ManagedResources).Should().BeEmpty();
    }

    [Fact]
    public async Task A_deletion_waits_without_writing_and_then_lets_go()
    {
        await ReconciledAsync();
        _seed.Delete();

        var result = await _seed.ReconcileAsync();

        result.RequeueAfter.Should().Be(TimeSpan.FromSeconds(30));
        _seed.Reconciler.IsWaiting(Seed.Key).Should().BeTrue();
        _seed.LastOperation.Should().BeEquivalentTo(new
        {
            Type = OperationType.Delete,
            State = Processing,
            Progress = 1,
            Description = "Deleting the ContainerRuntime: waiting for ManagedResource 'extension-sample-a' to be deleted",
        });
        _seed.LastError.Should().BeNull();
        _seed.Server.Forget();

        await _seed.ReconcileAsync();
        _seed.Server.Requests.Should().BeEmpty("waiting costs nothing");
        _seed.Start();
        await _seed.ReconcileAsync();
        _seed.Writes.Should().NotContain(Status, "a new process has nothing new to tell");

        _seed.ReleaseManagedResource();
        (await _seed.ReconcileAsync()).Should().Be(ReconcileResult.Done);
        _seed.Object.Should().BeNull();
        _seed.Reconciler.IsWaiting(Seed.Key).Should().BeFalse();
    }

    [Fact]
    public async Task A_deletion_that_takes_too_long_becomes_an_error_that_is_written_once()
    {
        await ReconciledAsync();
        _seed.Delete();
        await _seed.ReconcileAsync();

        _seed.Actuator.IsOverdue = true;
        _seed.Server.Forget();
        (await _seed.ReconcileAsync()).RequeueAfter.Should().Be(TimeSpan.FromSeconds(30));

        _seed.Writes.Should().Equal(Status);
        _seed.LastOperation.State.Should().Be(Error);
        _seed.LastError!.Description.Should().Be(
            "Error deleting ContainerRuntime: still waiting for ManagedResource 'extension-sample-a' to be deleted");
        _seed.Object!.Metadata.Finalizers.Should().Contain(Seed.Finalizer);

        _seed.Server.Forget();
        _seed.Time.Advance(TimeSpan.FromSeconds(30));
        await _seed.ReconcileAsync();
        _seed.Writes.Should().BeEmpty();

        _seed.ReleaseManagedResource();
        await _seed.ReconcileAsync();
        _seed.Object.Should().BeNull();
    }

    [Fact]
    public async Task A_reconcile_waits_for_a_ManagedResource_that_is_still_being_deleted()
    {
        await ReconciledAsync();
        _seed.Server.Remove(GardenerResources.ManagedResources, SampleActuator.ManagedResource);
        _seed.Ask("reconcile");

        (await _seed.ReconcileAsync()).RequeueAfter.Should().NotBeNull();

        _seed.LastOperation.Description.Should().Be(
            "Reconciling the ContainerRuntime: waiting for ManagedResource 'extension-sample-a' to be deleted");
        _seed.Reconciler.IsWaiting(Seed.Key).Should().BeTrue();
        _seed.Server.Forget();
        await _seed.ReconcileAsync();
        _seed.Writes.Should().BeEmpty();

        _seed.ReleaseManagedResource();
        await _seed.ReconcileAsync();
        _seed.LastOperation.State.Should().Be(Succeeded);
        _seed.Server.Get(GardenerResources.ManagedResources, SampleActuator.ManagedResource).Should().NotBeNull();
    }

    [Fact]
    public async Task A_reconcile_that_waits_too_long_becomes_an_error_that_is_written_once()
    {
        await ReconciledAsync();
        _seed.Server.Remove(GardenerResources.ManagedResources, SampleActuator.ManagedResource);
        _seed.Ask("reconcile");
        await _seed.ReconcileAsync();
        _seed.Actuator.IsOverdue = true;
        await _seed.ReconcileAsync();
        _seed.LastOperation.State.Should().Be(Error);
        _seed.Server.Forget();

        _seed.Time.Advance(TimeSpan.FromSeconds(30));
        await _seed.ReconcileAsync();

        _seed.Writes.Should().BeEmpty("gardenlet must not see it flicker between error and progress");
        _seed.ReleaseManagedResource();
        await _seed.ReconcileAsync();
        _seed.LastOperation.State.Should().Be(Succeeded);
    }

    [Fact]
    public async Task Without_our_finalizer_a_deletion_is_none_of_our_business()
    {
        _seed.Create();
        _seed.Change("""{"metadata":{"annotations":null,"finalizers":["other"]}}""");
        _seed.Delete();
        _seed.Server.Forget();

        await _seed.ReconcileAsync();

        _seed.Writes.Should().BeEmpty();
        _seed.Actuator.Calls.Should().BeEmpty();
    }

    [Fact]
    public async Task A_deletion_takes_off_only_our_finalizer()
    {
        await ReconciledAsync();
        _seed.Change($$$"""{"metadata":{"finalizers":["other","{{{Seed.Finalizer}}}"]} }""");
        _seed.ReleaseOnDeletion();
        _seed.Delete();

        await _seed.ReconcileAsync();

        _seed.Object!.Metadata.Finalizers.Should().Equal("other");
        _seed.LastOperation.Should().BeEquivalentTo(new { Type = OperationType.Delete, State = Succeeded });
    }

    [Theory]
    [InlineData("""{"shoot":{"metadata":{"annotations":{"confirmation.gardener.cloud/force-deletion":"true"}}}}""")]
    [InlineData("""{"shoot":{"metadata":{"annotations":{"confirmation.gardener.cloud/force-deletion":"1"}}}}""")]
    public async Task A_forced_deletion_waits_for_nothing(string cluster)
    {
        await ReconciledAsync();
        _seed.ChangeCluster(cluster);
        _seed.Delete();

        await _seed.ReconcileAsync();

        _seed.Actuator.Calls.Should().Equal("force delete");
        _seed.Object.Should().BeNull();
        _seed.Server.Get(GardenerResources.ManagedResources, SampleActuator.ManagedResource)!.Metadata.DeletionTimestamp.Should().NotBeNull();
    }

    [Fact]
    public async Task Without_a_Cluster_a_deletion_is_forced_only_if_the_namespace_is_going_too()
    {
        await ReconciledAsync();
        _seed.RemoveCluster();
        _seed.Delete();
        await _seed.ReconcileAsync();
        _seed.Actuator.Calls.Should().Equal("delete");
        _seed.Object.Should().NotBeNull();

        var key = new ObjectKey("", "shoot--a--b");
        _seed.Server.Change(GardenerResources.Namespaces, key, """{"metadata":{"finalizers":["kubernetes"]}}""");
        _seed.Server.Remove(GardenerResources.Namespaces, key);
        await _seed.ReconcileAsync();

        _seed.Actuator.Calls.Should().Equal("delete", "force delete");
        _seed.Object.Should().BeNull();
    }

    [Fact]
    public async Task A_migration_keeps_objects_and_takes_finalizers_and_annotation_off_in_one_write()
    {
        await ReconciledAsync();
        _seed.Change($$$"""{"metadata":{"finalizers":["other","{{{Seed.Finalizer}}}"]} }""");
        _seed.Ask("migrate");

        await _seed.ReconcileAsync();
        _seed.Server.Get(GardenerResources.ManagedResources, SampleActuator.ManagedResource)!
            .Should().BeEquivalentTo(new { Spec = new { KeepObjects = true } });
        _seed.Object!.OperationAnnotation().Should().Be("migrate");
        _seed.ReleaseManagedResource();
        await _seed.ReconcileAsync();

        _seed.Server.Writes.Last().Body!.ToJsonString().Should().Be(
            """{"metadata":{"finalizers":null,"annotations":{"gardener.cloud/operation":null}}}""");
        _seed.Object!.Metadata.Finalizers.Should().BeNull("foreign ones too: nothing in this seed may hold the object");
        _seed.Object.OperationAnnotation().Should().BeNull();
        _seed.LastOperation.Should().BeEquivalentTo(new { Type = OperationType.Migrate, State = Succeeded, Description = "Successfully migrated ContainerRuntime" });
    }

    [Fact]
    public async Task An_object_that_was_migrated_away_is_left_alone_and_its_deletion_too()
    {
        await MigratedAsync();
        _seed.Change($$$"""{"metadata":{"finalizers":["{{{Seed.Finalizer}}}"]} }""");
        _seed.Delete();

        await _seed.ReconcileAsync();

        _seed.Writes.Should().BeEmpty();
        _seed.Actuator.Calls.Should().BeEmpty("its objects in the shoot belong to another seed now");
    }

    [Fact]
    public async Task A_reconcile_of_an_object_that_was_migrated_away_takes_off_the_annotation_only()
    {
        await MigratedAsync();
        _seed.Ask("reconcile");

        await _seed.ReconcileAsync();

        _seed.Writes.Should().Equal(Metadata);
        _seed.Object!.OperationAnnotation().Should().BeNull();
        _seed.Actuator.Calls.Should().BeEmpty();
    }

    [Fact]
    public async Task A_restoration_revives_an_object_that_was_migrated_away()
    {
        await MigratedAsync();
        _seed.Ask("restore");

        await _seed.ReconcileAsync();

        _seed.Object!.Metadata.Finalizers.Should().Equal(Seed.Finalizer);
        _seed.Server.Get(GardenerResources.ManagedResources, SampleActuator.ManagedResource)!.Spec.KeepObjects.Should().BeFalse();
    }

    [Fact]
    public async Task A_restoration_of_an_object_in_deletion_is_a_deletion()
    {
        await ReconciledAsync();
        _seed.Ask("restore");
        _seed.Delete();

        await _seed.ReconcileAsync();

        _seed.Actuator.Calls.Should().Equal("delete");
        _seed.Object!.OperationAnnotation().Should().Be("restore");
    }

    [Fact]
    public async Task An_error_is_shown_with_its_time_and_tried_again()
    {
        _seed.Create();
        _seed.Actuator.Instead = _ => throw new InvalidOperationException("no such thing");

        (await FailsAsync<OperationFailedException>()).Message.Should().Be("no such thing");

        _seed.LastOperation.Should().BeEquivalentTo(new { Type = OperationType.Create, State = Error, Progress = 50 });
        _seed.LastError.Should().Be(new LastError
        {
            Description = "Error reconciling ContainerRuntime: no such thing",
            LastUpdateTime = new DateTimeOffset(2026, 5, 4, 10, 0, 0, TimeSpan.Zero),
        });
        _seed.LastOperation.Description.Should().Be(_seed.LastError!.Description);
        _seed.Object!.Status!.ObservedGeneration.Should().Be(1);

        _seed.Actuator.Instead = null;
        _seed.Server.Forget();
        await _seed.ReconcileAsync();
        _seed.ReportedStates.Should().Equal("Succeeded");
        _seed.Server.Writes.Last().Body!["status"]!.AsObject().ContainsKey("lastError").Should().BeTrue("the error is taken away by an explicit null");
        _seed.LastError.Should().BeNull();
        _seed.LastOperation.Type.Should().Be(OperationType.Create, "the first reconciliation has not succeeded before");
    }

    [Fact]
    public async Task An_error_with_codes_waits_for_a_new_wish()
    {
        _seed.Create();
        _seed.Actuator.Instead = _ => throw new InvalidOperationException(
            "could not decode provider config", new CodedException("wrong kind", [ErrorCode.ConfigurationProblem]));

        await FailsAsync<TerminalReconcileException>();

        _seed.LastError!.Description.Should().Be("Error reconciling ContainerRuntime: could not decode provider config");
        _seed.LastError.Codes.Should().Equal("ERR_CONFIGURATION_PROBLEM");
    }

    [Fact]
    public async Task An_error_with_codes_that_could_not_be_shown_is_tried_again()
    {
        _seed.Create();
        _seed.Actuator.Instead = _ => throw new CodedException("wrong kind", [ErrorCode.ConfigurationProblem]);
        _seed.Server.Before = request =>
        {
            if ((string?)request.Body?["status"]?["lastOperation"]?["state"] == "Error")
            {
                throw new HttpRequestException("connection refused");
            }
        };

        (await FailsAsync<OperationFailedException>()).Message.Should().Be("wrong kind");

        _seed.Server.Before = null;
        await FailsAsync<TerminalReconcileException>();
        _seed.LastError.Should().NotBeNull();
    }

    [Fact]
    public async Task An_operation_that_takes_too_long_says_so()
    {
        _seed.Create();
        _seed.Actuator.Instead = async token =>
        {
            _seed.Time.Advance(_seed.Reconciler.OperationTimeout);
            await Task.Delay(Timeout.InfiniteTimeSpan, _seed.Time, token);
        };

        await FailsAsync<OperationFailedException>();

        _seed.LastError!.Description.Should().Be("Error reconciling ContainerRuntime: not finished after 170 s");
    }

    [Fact]
    public async Task A_process_that_ends_reports_no_error()
    {
        _seed.Create();
        using var end = new CancellationTokenSource();
        _seed.Actuator.Instead = async token =>
        {
            await end.CancelAsync();
            token.ThrowIfCancellationRequested();
        };

        var reconcile = () => _seed.Reconciler.ReconcileAsync(Seed.Key, end.Token);

        await reconcile.Should().ThrowAsync<OperationCanceledException>();
        _seed.Object!.Status.Should().BeNull();
        _seed.Object.NeedsReconcile().Should().BeTrue();
    }

    [Fact]
    public async Task A_conflict_is_solved_inside_and_never_shown()
    {
        var stale = StaleCache();
        _seed.Ask("reconcile", binaryPath: "/elsewhere");
        _seed.Start(stale);

        await _seed.ReconcileAsync();

        _seed.Server.Requests.Select(request => request.ToString()).Take(5).Should().Equal(
            "get clusters shoot--a--b", Metadata, "get containerruntimes shoot--a--b/gvisor-a", "get clusters shoot--a--b", Metadata);
        _seed.ReportedStates.Should().Equal("Succeeded");
        _seed.Object!.Status!.ObservedGeneration.Should().Be(2, "the newest wish was served");
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_recreated_object_is_not_harmed_by_a_cache_that_is_behind(bool isMigration)
    {
        await ReconciledAsync();
        if (isMigration)
        {
            _seed.Ask("migrate");
        }
        else
        {
            _seed.Delete();
        }

        var behind = _seed.Server.LaggingCache(GardenerResources.ContainerRuntimes);
        _seed.Change("""{"metadata":{"finalizers":null,"annotations":null}}""");
        _seed.Server.Remove(GardenerResources.ContainerRuntimes, Seed.Key);
        _seed.Create();
        _seed.Start();
        await _seed.ReconcileAsync();

        _seed.Start(behind);
        await _seed.ReconcileAsync();

        _seed.Server.Get(GardenerResources.ManagedResources, SampleActuator.ManagedResource)!.Metadata.DeletionTimestamp.Should().BeNull();
        _seed.LastOperation.Should().BeEquivalentTo(new { Type = OperationType.Create, State = Succeeded });
    }

    [Fact]
    public async Task An_old_specification_in_a_cache_that_is_behind_is_not_carried_out()
    {
        await ReconciledAsync();
        _seed.Change("""{"status":{"lastOperation":{"state":"Error"}}}""", "status");
        var behind = _seed.Server.LaggingCache(GardenerResources.ContainerRuntimes);
        _seed.Ask("reconcile", binaryPath: "/elsewhere");
        await _seed.ReconcileAsync();
        _seed.Server.Forget();

        _seed.Start(behind);
        await _seed.ReconcileAsync();

        _seed.Writes.Should().BeEmpty();
        _seed.Object!.Status!.ObservedGeneration.Should().Be(2);
    }

    [Fact]
    public async Task A_conflict_in_the_actuators_work_is_tried_again_at_once()
    {
        var conflicts = 2;
        _seed.Create();
        _seed.Actuator.Instead = _ => conflicts-- > 0
            ? throw new ApiException(HttpStatusCode.Conflict, "Conflict", "the object has been modified")
            : Task.CompletedTask;

        await _seed.ReconcileAsync();

        _seed.ReportedStates.Should().Equal("Succeeded");
    }

    [Fact]
    public async Task A_conflict_that_does_not_end_is_left_to_the_queue_and_not_shown()
    {
        _seed.Create();
        _seed.Actuator.Instead = _ => throw new ApiException(HttpStatusCode.Conflict, "Conflict", "the object has been modified");

        await FailsAsync<ApiException>();

        _seed.Object!.Status.Should().BeNull();
        _seed.Actuator.Calls.Should().HaveCount(6);
    }

    [Fact]
    public async Task Own_writes_are_known_although_the_cache_lags()
    {
        var stale = StaleCache();
        _seed.Start(stale);
        await _seed.ReconcileAsync();
        _seed.Server.Forget();

        await _seed.ReconcileAsync();

        _seed.Server.Requests.Should().BeEmpty();
    }

    [Fact]
    public async Task A_request_by_hand_is_in_the_status_before_its_annotation_goes()
    {
        await ReconciledAsync();

        // Without gardenlet's time stamp nothing else would tell of it.
        _seed.Change("""{"metadata":{"annotations":{"gardener.cloud/operation":"reconcile"}}}""");
        await _seed.ReconcileAsync();

        _seed.Writes.Should().Equal(Status, Metadata, Status);
        _seed.ReportedStates.Should().Equal("Processing", "Succeeded");
    }

    [Fact]
    public async Task A_request_whose_annotation_was_taken_off_is_not_lost_when_the_next_writes_fail()
    {
        await ReconciledAsync();
        _seed.Ask("reconcile", binaryPath: "/elsewhere");
        _seed.Server.Before = request =>
        {
            if (request.Subresource == "status" || request.Resource == "secrets")
            {
                throw new HttpRequestException("connection refused");
            }
        };
        await FailsAsync<OperationFailedException>();
        _seed.Object!.OperationAnnotation().Should().BeNull();

        _seed.Server.Before = null;
        await _seed.ReconcileAsync();

        _seed.LastOperation.State.Should().Be(Succeeded);
        _seed.Object!.Status!.ObservedGeneration.Should().Be(2);
    }

    public static TheoryData<string, int> WritesOfFlows()
    {
        var data = new TheoryData<string, int>();
        foreach (var (flow, writes) in (ReadOnlySpan<(string, int)>)[("reconcile", 4), ("restore", 5), ("delete", 5), ("migrate", 6)])
        {
            for (var write = 0; write < writes; write++)
            {
                data.Add(flow, write);
            }
        }

        return data;
    }

    [Theory]
    [MemberData(nameof(WritesOfFlows))]
    public async Task An_object_that_vanishes_before_any_write_ends_the_flow_without_an_error(string flow, int vanishesBefore)
    {
        await BeginAsync(flow);
        var write = 0;
        _seed.Server.Before = request =>
        {
            if (request.IsWrite && write++ == vanishesBefore)
            {
                if (_seed.Object is { Metadata.Finalizers.Count: > 0 })
                {
                    _seed.Change("""{"metadata":{"finalizers":null}}""");
                }

                _seed.Server.Remove(GardenerResources.ContainerRuntimes, Seed.Key);
            }
        };

        (await _seed.ReconcileAsync()).Should().Be(ReconcileResult.Done);

        write.Should().BeGreaterThan(vanishesBefore);
        _seed.Object.Should().BeNull();
    }

    private async Task BeginAsync(string flow)
    {
        switch (flow)
        {
            case "reconcile" or "restore":
                _seed.Create(flow);
                break;
            case "delete":
                await ReconciledAsync();
                _seed.ReleaseOnDeletion();
                _seed.Delete();
                break;
            case "migrate":
                await ReconciledAsync();
                _seed.ReleaseOnDeletion();
                _seed.Ask("migrate");
                break;
        }
    }

    private async Task ReconciledAsync()
    {
        _seed.Create();
        await _seed.ReconcileAsync();
        _seed.HoldManagedResource();
        _seed.Time.Advance(TimeSpan.FromMinutes(1));
        _seed.Start();
        _seed.Server.Forget();
    }

    private async Task MigratedAsync()
    {
        await ReconciledAsync();
        _seed.ReleaseOnDeletion();
        _seed.Ask("migrate");
        await _seed.ReconcileAsync();
        _seed.Start();
        _seed.Server.Forget();
    }

    private Kubernetes.Controllers.Caching.IObjectStore<ContainerRuntime> StaleCache()
    {
        _seed.Create();
        return _seed.Server.LaggingCache(GardenerResources.ContainerRuntimes);
    }

    private async Task<TException> FailsAsync<TException>()
        where TException : Exception
    {
        var reconcile = () => _seed.ReconcileAsync();
        return (await reconcile.Should().ThrowExactlyAsync<TException>()).Which;
    }

    /// <summary>Work that takes its time: the clock goes on, by one moment after the other, until something has happened.</summary>
    private async Task LastUntilAsync(Func<bool> hasHappened, CancellationToken cancellationToken)
    {
        for (var wait = 0; !hasHappened(); wait++)
        {
            if (wait % 100 == 0)
            {
                _seed.Time.Advance(_seed.Reconciler.ProcessingDelay);
            }

            await Task.Delay(TimeSpan.FromMilliseconds(2), TimeProvider.System, cancellationToken);
        }
    }

    private static string Text(string json) => JsonNode.Parse(json)!.ToJsonString();
}
