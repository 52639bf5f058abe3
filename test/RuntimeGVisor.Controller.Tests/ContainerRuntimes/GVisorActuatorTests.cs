// SPDX-License-Identifier: Apache-2.0

using System.Collections.Immutable;
using System.Text;
using Gardener.Extensions.Api;
using Gardener.Extensions.Images;
using Gardener.Extensions.ManagedResources;
using Gardener.Extensions.Operations;
using Kubernetes.Controllers.Caching;
using Kubernetes.Controllers.Client;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using RuntimeGVisor.Controller.ContainerRuntimes;
using RuntimeGVisor.Controller.Diff;
using RuntimeGVisor.Images;
using RuntimeGVisor.Validation;

namespace RuntimeGVisor.Controller.Tests.ContainerRuntimes;

public sealed class GVisorActuatorTests
{
    private const string Namespace = "shoot--a--b";

    private static readonly ObjectKey Shared = new(Namespace, "extension-runtime-gvisor");
    private static readonly ObjectKey Installation = new(Namespace, "extension-runtime-gvisor-installation-pool");
    private static readonly ClusterShoot Living = new();

    private readonly FakeTimeProvider _time = new(new DateTimeOffset(2026, 11, 22, 10, 0, 0, TimeSpan.Zero));
    private readonly RecordedEvents _events = new();
    private readonly InMemoryApiServer _server;
    private readonly GVisorActuator _actuator;

    public GVisorActuatorTests()
    {
        _server = new InMemoryApiServer(_time);
        _actuator = NewActuator();
    }

    [Fact]
    public async Task A_reconcile_writes_the_shared_and_the_pools_ManagedResource()
    {
        (await _actuator.ReconcileAsync(Add("pool"), Living, CancellationToken.None)).Should().Be(OperationOutcome.Completed);

        ManifestsOf(Shared).Should().Contain("kind: RuntimeClass").And.Contain("kind: ServiceAccount");
        ManifestsOf(Installation).Should().Contain("kind: DaemonSet").And.Contain("\"desiredState\": \"Installed\"");
    }

    [Fact]
    public async Task The_rollout_takes_a_tenth_of_the_nodes_that_the_Shoot_allows_the_pool()
    {
        var shoot = new ClusterShoot
        {
            WorkerPools = new Dictionary<string, ClusterWorkerPool> { ["pool"] = new() { Maximum = 40 }, ["other"] = new() { Maximum = 90 } }.ToImmutableSortedDictionary(),
        };

        await _actuator.ReconcileAsync(Add("pool"), shoot, CancellationToken.None);
        await _actuator.ReconcileAsync(Add("unknown"), shoot, CancellationToken.None);

        ManifestsOf(Installation).Should().Contain("maxUnavailable: 4\n");
        ManifestsOf(new(Namespace, "extension-runtime-gvisor-installation-unknown")).Should().Contain("maxUnavailable: 1\n");
    }

    [Fact]
    public async Task A_pool_whose_architecture_has_no_image_is_an_error_and_can_be_deleted()
    {
        var vector = ImageVectorFile.Read("images: [{name: runtime-gvisor-installation, repository: r.example/x, architectures: [arm64]}]", "test", _time);
        var actuator = NewActuator(vector);
        await _actuator.ReconcileAsync(Add("pool"), Living, CancellationToken.None);
        var reconcile = () => actuator.ReconcileAsync(Get("pool"), Living, CancellationToken.None);

        var error = (await reconcile.Should().ThrowAsync<CodedException>()).Which;
        error.Message.Should().StartWith("worker pool 'pool': ").And.Contain("architecture amd64");
        error.Codes.Should().BeEmpty();

        _server.Remove(GardenerResources.ContainerRuntimes, Get("pool").Key());
        (await actuator.DeleteAsync(Get("pool"), Living, CancellationToken.None)).Should().Be(OperationOutcome.Completed);
    }

    [Fact]
    public async Task A_second_pool_leaves_the_shared_ManagedResource_alone()
    {
        await _actuator.ReconcileAsync(Add("pool"), Living, CancellationToken.None);
        _server.Forget();

        await _actuator.ReconcileAsync(Add("other"), Living, CancellationToken.None);

        _server.Writes.Should().NotContain(request => request.Key == Shared).And.HaveCount(2);
    }

    [Fact]
    public async Task Unchanged_input_writes_nothing()
    {
        await _actuator.ReconcileAsync(Add("pool"), Living, CancellationToken.None);
        _server.Forget();

        await _actuator.ReconcileAsync(Get("pool"), Living, CancellationToken.None);

        _server.Requests.Should().BeEmpty();
    }

    [Fact]
    public async Task A_wrong_provider_config_leaves_nothing_half_written()
    {
        var value = Add("pool", """{"apiVersion":"some.group.com/v1alpha1","kind":"GVisorConfiguration"}""");

        var reconcile = () => _actuator.ReconcileAsync(value, Living, CancellationToken.None);

        (await reconcile.Should().ThrowAsync<CodedException>()).Which.Codes.Should().Equal("ERR_CONFIGURATION_PROBLEM");
        _server.Writes.Should().BeEmpty();
    }

    [Fact]
    public async Task Ignored_flags_and_the_alias_of_the_API_are_events_that_say_what_to_correct()
    {
        var value = Add("pool", """
            {
              "apiVersion": "gvisor.os.extensions.gardener.cloud/v1alpha1",
              "kind": "GVisorConfiguration",
              "configFlags": { "net-raw": "maybe", "no-such-flag": "x", "debug": "true" }
            }
            """);

        await _actuator.ReconcileAsync(value, Living, CancellationToken.None);

        _events.Lines.Should().HaveCount(2);
        _events.Lines[0].Should().Be(
            "Warning DeprecatedApiVersion gvisor-pool: spec.providerConfig.apiVersion: gvisor.os.extensions.gardener.cloud/v1alpha1 is an alias; "
            + "use gvisor.runtime.extensions.config.gardener.cloud/v1alpha1");
        _events.Lines[1].Should().StartWith(
            "Warning FlagsIgnored gvisor-pool: spec.providerConfig.configFlags: ignored net-raw with value 'maybe', no-such-flag with value 'x': net-raw takes ")
            .And.Contain("there is no such flag");
    }

    [Fact]
    public async Task Of_a_thousand_ignored_flags_twenty_are_told()
    {
        var flags = string.Join(',', Enumerable.Range(0, 1_000).Select(number => $"\"flag-{number:000}\":\"x\""));

        await _actuator.ReconcileAsync(Add("pool", $"{{\"configFlags\":{{{flags}}}}}"), Living, CancellationToken.None);

        _events.Lines.Should().ContainSingle().Which.Should().Contain("flag-019 with value").And.NotContain("flag-020");
    }

    [Fact]
    public async Task A_flag_that_the_operator_denies_reaches_no_node_and_is_an_event()
    {
        var policy = FlagPolicy.Default with { Flags = FlagPolicy.Default.Flags.Add("debug", FlagRule.Deny) };
        var value = Add("pool", """{"configFlags":{"debug":"true","net-raw":"true"}}""");

        await NewActuator(policy: policy).ReconcileAsync(value, Living, CancellationToken.None);

        var rendered = ManifestsOf(Installation);
        rendered.Should().Contain("net-raw").And.NotContain("\"debug\"").And.NotContain("debug-log");
        _events.Lines.Should().Equal(
            "Warning FlagsIgnored gvisor-pool: spec.providerConfig.configFlags: ignored debug with value 'true': the operator's policy denies debug");
    }

    [Theory]
    [InlineData(FlagRule.Allow, "registry.example/test:pr-1")]
    [InlineData(FlagRule.Warn, "registry.example/test:pr-1")]
    [InlineData(FlagRule.Deny, "v1.2.3", "Warning TestImageTagIgnored gvisor-pool: spec.providerConfig.testImageTag: ignored 'pr-1': the operator's policy denies testImageTag")]
    public async Task A_test_image_runs_only_where_the_operator_does_not_deny_it(FlagRule rule, string image, params string[] events)
    {
        var actuator = NewActuator(policy: FlagPolicy.Default with { TestImageTag = rule }, testRepository: "registry.example/test");

        await actuator.ReconcileAsync(Add("pool", """{"testImageTag":"pr-1"}"""), Living, CancellationToken.None);

        ManifestsOf(Installation).Should().Contain(image);
        _events.Lines.Should().Equal(events);
    }

    [Fact]
    public async Task What_diff_reads_of_a_living_shoot_is_what_was_rendered_for_it()
    {
        var value = Add("pool", """{"configFlags":{"net-raw":"true"}}""");
        (await LiveObjects.ReadAsync(_server, value, CancellationToken.None)).Should().BeEmpty("nothing is there yet");

        await _actuator.ReconcileAsync(value, Living, CancellationToken.None);

        var rendered = ShootObject.Read([.. ShootContent.Shared(value).Data.Values, .. NewContent().Installation(value, Living).Data.Values]);
        new ShootDifference(await LiveObjects.ReadAsync(_server, value, CancellationToken.None), rendered).IsEmpty.Should().BeTrue();
        new ShootDifference(ShootObject.Read([]), rendered).Consequences.Should().Equal(
            "DaemonSet kube-system/containerd-gvisor-pool is new: gVisor is installed on the pool's nodes.",
            "containerd restarts once on each node: it gets the handler runsc; running pods go on with what they have.");
    }

    [Fact]
    public async Task A_configuration_without_a_flaw_is_no_event()
    {
        await _actuator.ReconcileAsync(Add("pool"), Living, CancellationToken.None);

        _events.Lines.Should().BeEmpty();
    }

    [Fact]
    public async Task An_object_without_a_pool_is_an_error_without_a_code_that_blames_the_owner()
    {
        var reconcile = () => _actuator.ReconcileAsync(Add(""), Living, CancellationToken.None);

        var error = (await reconcile.Should().ThrowAsync<CodedException>()).Which;
        error.Codes.Should().BeEmpty();
        error.Message.Should().Contain("spec.workerPool.name");
        _server.Writes.Should().BeEmpty();
    }

    [Fact]
    public async Task While_the_shoot_lives_its_nodes_take_gVisor_away_before_the_installer_goes()
    {
        await _actuator.ReconcileAsync(Add("pool"), Living, CancellationToken.None);

        var outcome = await DeleteAsync("pool", Living);

        outcome.WaitingFor.Should().Contain("worker pool 'pool'").And.Contain("until 2026-11-22T10:01:30Z");
        outcome.IsOverdue.Should().BeFalse();
        ManifestsOf(Installation).Should().Contain("\"desiredState\": \"Uninstalled\"");
        _server.Get(GardenerResources.ManagedResources, Installation)!.Metadata.DeletionTimestamp.Should().BeNull();
    }

    [Fact]
    public async Task When_the_nodes_are_clean_the_ManagedResources_go()
    {
        await _actuator.ReconcileAsync(Add("pool"), Living, CancellationToken.None);
        await DeleteAsync("pool", Living);
        Report(Installation, healthy: true);
        _time.Advance(TimeSpan.FromSeconds(5));

        (await DeleteAsync("pool", Living)).Should().Be(OperationOutcome.Completed);

        _server.All(GardenerResources.ManagedResources).Should().BeEmpty();
    }

    [Fact]
    public async Task Nodes_count_as_clean_when_the_verdict_on_them_has_lasted()
    {
        await _actuator.ReconcileAsync(Add("pool"), Living, CancellationToken.None);
        await DeleteAsync("pool", Living);

        // The last pod was made: no rollout is under way, and whether the pods are ready comes later, from another controller.
        Report(Installation, healthy: true);
        var waiting = await DeleteAsync("pool", Living);
        waiting.WaitingFor.Should().Contain("worker pool 'pool' to take gVisor away");
        waiting.RecheckAfter.Should().Be(TimeSpan.FromSeconds(5));

        _time.Advance(TimeSpan.FromSeconds(1));
        Report(Installation, healthy: false);
        _time.Advance(TimeSpan.FromSeconds(10));
        (await DeleteAsync("pool", Living)).WaitingFor.Should().Contain("NotReady: 1 node is left");

        Report(Installation, healthy: true);
        _time.Advance(TimeSpan.FromSeconds(4));
        (await DeleteAsync("pool", Living)).RecheckAfter.Should().Be(TimeSpan.FromSeconds(1));
        _time.Advance(TimeSpan.FromSeconds(1));
        (await DeleteAsync("pool", Living)).Should().Be(OperationOutcome.Completed);
    }

    [Theory]
    [InlineData("""{"spec":{"binaryPath":"bin"}}""")]
    [InlineData("""{"spec":{"binaryPath":"/var/bin/../x"}}""")]
    [InlineData("""{"spec":{"binaryPath":""}}""")]
    [InlineData("""{"spec":{"workerPool":{"selector":{"matchExpressions":[{"key":"a","operator":"Gt","values":["1"]}]}}}}""")]
    public async Task An_object_that_cannot_be_rendered_any_more_can_still_be_deleted(string change)
    {
        await _actuator.ReconcileAsync(Add("pool"), Living, CancellationToken.None);
        _server.Change(GardenerResources.ContainerRuntimes, new ObjectKey(Namespace, "gvisor-pool"), change);
        var reconcile = () => _actuator.ReconcileAsync(Get("pool"), Living, CancellationToken.None);
        (await reconcile.Should().ThrowAsync<CodedException>()).Which.Message.Should().Contain("spec.");

        (await DeleteAsync("pool", Living)).Should().Be(OperationOutcome.Completed);

        _server.All(GardenerResources.ManagedResources).Should().BeEmpty();
    }

    [Fact]
    public async Task Conditions_of_the_installed_form_do_not_count_as_uninstalled()
    {
        await _actuator.ReconcileAsync(Add("pool"), Living, CancellationToken.None);
        Report(Installation, healthy: true);

        (await DeleteAsync("pool", Living)).WaitingFor.Should().NotBeNull();
    }

    [Fact]
    public async Task Nodes_that_do_not_finish_hold_up_a_deletion_for_90_s_even_across_a_restart()
    {
        await _actuator.ReconcileAsync(Add("pool"), Living, CancellationToken.None);
        await DeleteAsync("pool", Living);
        Report(Installation, healthy: false);

        _time.Advance(TimeSpan.FromSeconds(89));
        (await DeleteAsync("pool", Living)).WaitingFor.Should().Contain("NotReady: 1 node is left");

        _time.Advance(TimeSpan.FromSeconds(1));
        (await NewActuator().DeleteAsync(Get("pool"), Living, CancellationToken.None)).Should().Be(OperationOutcome.Completed);
        _server.All(GardenerResources.ManagedResources).Should().BeEmpty();
    }

    [Fact]
    public async Task A_pool_that_comes_back_is_installed_again_and_has_its_full_time_to_uninstall()
    {
        var value = Add("pool");
        await _actuator.ReconcileAsync(value, Living, CancellationToken.None);
        await DeleteAsync("pool", Living);
        _time.Advance(TimeSpan.FromMinutes(10));

        await _actuator.ReconcileAsync(value, Living, CancellationToken.None);
        ManifestsOf(Installation).Should().Contain("\"desiredState\": \"Installed\"");

        (await DeleteAsync("pool", Living)).WaitingFor.Should().Contain("until 2026-11-22T10:11:30Z");
    }

    public static TheoryData<string> ShootsWithoutNodesToAsk => ["deleted", "hibernated", "unknown"];

    [Theory]
    [MemberData(nameof(ShootsWithoutNodesToAsk))]
    public async Task Nobody_is_asked_to_uninstall_when_nobody_could(string state)
    {
        await _actuator.ReconcileAsync(Add("pool"), Living, CancellationToken.None);
        var shoot = state switch
        {
            "deleted" => new ClusterShoot { IsBeingDeleted = true },
            "hibernated" => new ClusterShoot { IsHibernated = true },
            _ => null,
        };

        (await DeleteAsync("pool", shoot)).Should().Be(OperationOutcome.Completed);

        _server.All(GardenerResources.ManagedResources).Should().BeEmpty();
    }

    [Fact]
    public async Task The_shared_ManagedResource_stays_as_long_as_another_pool_wants_gVisor()
    {
        await _actuator.ReconcileAsync(Add("pool"), Living, CancellationToken.None);
        await _actuator.ReconcileAsync(Add("other"), Living, CancellationToken.None);

        await DeleteAsync("pool", shoot: null);

        _server.All(GardenerResources.ManagedResources).Select(value => value.Metadata.Name)
            .Should().BeEquivalentTo("extension-runtime-gvisor", "extension-runtime-gvisor-installation-other");
    }

    [Fact]
    public async Task What_is_shared_goes_together_with_the_last_pool()
    {
        await _actuator.ReconcileAsync(Add("pool"), Living, CancellationToken.None);
        HoldByResourceManager(Installation);
        HoldByResourceManager(Shared);

        (await DeleteAsync("pool", shoot: null)).WaitingFor.Should().Contain($"'{Installation.Name}' to be deleted");
        _server.All(GardenerResources.ManagedResources).Should().HaveCount(2).And.OnlyContain(value => value.Metadata.DeletionTimestamp != null);

        ReleaseByResourceManager(Installation);
        (await DeleteAsync("pool", shoot: null)).WaitingFor.Should().Contain($"'{Shared.Name}' to be deleted");

        ReleaseByResourceManager(Shared);
        (await DeleteAsync("pool", shoot: null)).Should().Be(OperationOutcome.Completed);
    }

    [Fact]
    public async Task A_deletion_costs_eleven_requests_and_nothing_while_it_waits()
    {
        await _actuator.ReconcileAsync(Add("pool"), Living, CancellationToken.None);
        HoldByResourceManager(Installation);
        HoldByResourceManager(Shared);
        _server.Forget();

        // Both ManagedResources with two names of a secret each, and whether another pool needs what is shared.
        await DeleteAsync("pool", shoot: null);
        _server.Requests.Should().HaveCount(7);

        await DeleteAsync("pool", shoot: null);
        _server.Requests.Should().HaveCount(7);

        // The server has the last word on what is gone.
        ReleaseByResourceManager(Installation);
        await DeleteAsync("pool", shoot: null);
        _server.Requests.Should().HaveCount(8);
        ReleaseByResourceManager(Shared);
        await DeleteAsync("pool", shoot: null);
        _server.Requests.Should().HaveCount(11);
    }

    [Theory]
    [InlineData("gvisor-broken", true)]
    [InlineData("other-broken", false)]
    public async Task A_pool_that_cannot_be_decoded_keeps_what_is_shared_and_holds_up_no_other(string name, bool isOfOurType)
    {
        await _actuator.ReconcileAsync(Add("pool"), Living, CancellationToken.None);
        await _actuator.ReconcileAsync(Add("forced"), Living, CancellationToken.None);
        _server.Add(GardenerResources.ContainerRuntimes, $$"""{"metadata":{"namespace":"{{Namespace}}","name":"{{name}}"},"spec":{"type":["gvisor"] } }""");

        (await DeleteAsync("pool", shoot: null)).Should().Be(OperationOutcome.Completed);
        _server.Change(GardenerResources.ContainerRuntimes, Get("pool").Key(), """{"metadata":{"finalizers":null}}""");
        (await _actuator.ForceDeleteAsync(Get("forced"), CancellationToken.None)).Should().Be(OperationOutcome.Completed);

        _server.All(GardenerResources.ManagedResources).Select(value => value.Metadata.Name).Should().Equal(isOfOurType ? [Shared.Name] : []);
    }

    [Fact]
    public async Task A_deletion_whose_end_the_cache_never_shows_is_completed()
    {
        await _actuator.ReconcileAsync(Add("pool"), Living, CancellationToken.None);
        HoldByResourceManager(Installation);
        HoldByResourceManager(Shared);
        await DeleteAsync("pool", shoot: null);
        var actuator = NewActuator(cache: _server.LaggingCache(GardenerResources.ManagedResources));
        ReleaseByResourceManager(Installation);
        ReleaseByResourceManager(Shared);
        var waiting = await actuator.DeleteAsync(Get("pool"), shoot: null, CancellationToken.None);

        _time.Advance(waiting.RecheckAfter);

        (await actuator.DeleteAsync(Get("pool"), shoot: null, CancellationToken.None)).Should().Be(OperationOutcome.Completed);
    }

    [Fact]
    public async Task What_is_shared_stays_until_the_nodes_of_every_pool_that_goes_have_uninstalled()
    {
        var other = new ObjectKey(Namespace, "extension-runtime-gvisor-installation-other");
        await _actuator.ReconcileAsync(Add("pool"), Living, CancellationToken.None);
        await _actuator.ReconcileAsync(Add("other"), Living, CancellationToken.None);
        await DeleteAsync("pool", Living);
        await DeleteAsync("other", Living);
        Report(Installation, healthy: true);
        Report(other, healthy: false);
        _time.Advance(TimeSpan.FromSeconds(5));

        (await DeleteAsync("pool", Living)).Should().Be(OperationOutcome.Completed);
        _server.All(GardenerResources.ManagedResources).Select(value => value.Metadata.Name).Should().BeEquivalentTo(Shared.Name, other.Name);

        Report(other, healthy: true);
        _time.Advance(TimeSpan.FromSeconds(5));
        (await DeleteAsync("other", Living)).Should().Be(OperationOutcome.Completed);
        _server.All(GardenerResources.ManagedResources).Should().BeEmpty();
    }

    [Fact]
    public async Task What_is_shared_goes_with_the_last_of_several_pools_of_a_shoot_that_is_going()
    {
        await _actuator.ReconcileAsync(Add("pool"), Living, CancellationToken.None);
        await _actuator.ReconcileAsync(Add("other"), Living, CancellationToken.None);
        HoldByResourceManager(Installation);
        _server.Remove(GardenerResources.ContainerRuntimes, Get("pool").Key());
        _server.Remove(GardenerResources.ContainerRuntimes, Get("other").Key());

        (await DeleteAsync("pool", shoot: null)).WaitingFor.Should().Contain(Installation.Name);
        _server.Get(GardenerResources.ManagedResources, Shared)!.Metadata.DeletionTimestamp.Should().BeNull();

        (await DeleteAsync("other", shoot: null)).Should().Be(OperationOutcome.Completed);
        _server.All(GardenerResources.ManagedResources).Select(value => value.Metadata.Name).Should().Equal(Installation.Name);
    }

    [Fact]
    public async Task A_shared_object_that_another_pool_recreated_survives_the_deletion()
    {
        await _actuator.ReconcileAsync(Add("pool"), Living, CancellationToken.None);
        HoldByResourceManager(Shared);
        await DeleteAsync("pool", shoot: null);
        ReleaseByResourceManager(Shared);
        await _actuator.ReconcileAsync(Add("other"), Living, CancellationToken.None);

        (await DeleteAsync("pool", shoot: null)).Should().Be(OperationOutcome.Completed);

        _server.Get(GardenerResources.ManagedResources, Shared)!.Metadata.DeletionTimestamp.Should().BeNull();
    }

    [Fact]
    public async Task What_is_shared_and_made_anew_survives_an_old_deletion_in_the_cache()
    {
        await _actuator.ReconcileAsync(Add("pool"), Living, CancellationToken.None);
        HoldByResourceManager(Shared);
        await DeleteAsync("pool", shoot: null);
        var actuator = NewActuator(cache: _server.LaggingCache(GardenerResources.ManagedResources));
        ReleaseByResourceManager(Shared);
        await _actuator.ReconcileAsync(Add("other"), Living, CancellationToken.None);
        _time.Advance(TimeSpan.FromSeconds(30));

        (await actuator.DeleteAsync(Get("pool"), shoot: null, CancellationToken.None)).Should().Be(OperationOutcome.Completed);

        _server.Get(GardenerResources.ManagedResources, Shared)!.Metadata.DeletionTimestamp.Should().BeNull();
    }

    [Fact]
    public async Task A_deletion_waits_for_the_resource_manager_and_is_overdue_after_two_minutes()
    {
        await _actuator.ReconcileAsync(Add("pool"), Living, CancellationToken.None);
        HoldByResourceManager(Installation);

        var waiting = await DeleteAsync("pool", shoot: null);
        waiting.WaitingFor.Should().Contain($"'{Installation.Name}' to be deleted").And.Contain("DeletionPending: the shoot sleeps");
        waiting.IsOverdue.Should().BeFalse();

        _time.Advance(TimeSpan.FromMinutes(2));
        (await DeleteAsync("pool", shoot: null)).IsOverdue.Should().BeTrue();
    }

    [Fact]
    public async Task The_time_that_nodes_took_to_uninstall_counts_when_a_deletion_is_overdue()
    {
        await _actuator.ReconcileAsync(Add("pool"), Living, CancellationToken.None);
        HoldByResourceManager(Installation);
        await DeleteAsync("pool", Living);

        _time.Advance(TimeSpan.FromSeconds(90));
        (await DeleteAsync("pool", Living)).IsOverdue.Should().BeFalse();

        _time.Advance(TimeSpan.FromSeconds(30));
        (await DeleteAsync("pool", Living)).IsOverdue.Should().BeTrue();
    }

    [Fact]
    public async Task A_forced_deletion_waits_for_nothing()
    {
        await _actuator.ReconcileAsync(Add("pool"), Living, CancellationToken.None);
        HoldByResourceManager(Installation);
        HoldByResourceManager(Shared);
        _server.Remove(GardenerResources.ContainerRuntimes, new ObjectKey(Namespace, "gvisor-pool"));

        (await _actuator.ForceDeleteAsync(Get("pool"), CancellationToken.None)).Should().Be(OperationOutcome.Completed);

        _server.All(GardenerResources.ManagedResources).Should().HaveCount(2).And.OnlyContain(value => value.Metadata.DeletionTimestamp != null);
    }

    [Fact]
    public async Task A_migration_keeps_the_objects_of_every_ManagedResource_before_it_deletes_it()
    {
        await _actuator.ReconcileAsync(Add("pool"), Living, CancellationToken.None);
        HoldByResourceManager(Installation);
        HoldByResourceManager(Shared);
        _server.Forget();

        (await _actuator.MigrateAsync(Get("pool"), CancellationToken.None)).WaitingFor.Should().Contain(Installation.Name);

        foreach (var key in (ObjectKey[])[Installation, Shared])
        {
            var held = _server.Get(GardenerResources.ManagedResources, key)!;
            held.Spec.KeepObjects.Should().BeTrue();
            held.Metadata.DeletionTimestamp.Should().NotBeNull();
            _server.Writes.Where(request => request.Key == key).Select(request => request.Verb).Should().Equal("patch", "delete");
        }
    }

    [Fact]
    public async Task A_migration_that_waits_names_what_is_left_and_leaves_it_alone()
    {
        await _actuator.ReconcileAsync(Add("pool"), Living, CancellationToken.None);
        HoldByResourceManager(Installation);
        HoldByResourceManager(Shared);
        await _actuator.MigrateAsync(Get("pool"), CancellationToken.None);
        ReleaseByResourceManager(Installation);
        _server.Forget();

        (await _actuator.MigrateAsync(Get("pool"), CancellationToken.None)).WaitingFor.Should().Contain($"'{Shared.Name}'");

        _server.Writes.Should().NotContain(request => request.Key == Shared);
        ReleaseByResourceManager(Shared);
        (await _actuator.MigrateAsync(Get("pool"), CancellationToken.None)).Should().Be(OperationOutcome.Completed);
    }

    [Fact]
    public async Task A_reconcile_waits_for_a_ManagedResource_that_is_still_being_deleted()
    {
        await _actuator.ReconcileAsync(Add("pool"), Living, CancellationToken.None);
        HoldByResourceManager(Shared);
        _server.Remove(GardenerResources.ManagedResources, Shared);

        (await _actuator.ReconcileAsync(Get("pool"), Living, CancellationToken.None)).WaitingFor.Should().Contain($"'{Shared.Name}' to be deleted");
    }

    private ShootContent NewContent(ImageVector? vector = null, FlagPolicy? policy = null, string? testRepository = null) => new(
        new InstallationImage(vector ?? InstallationImage.ReadEmbeddedVector(_time), "v1.2.3", testRepository),
        policy ?? FlagPolicy.Default,
        isNodeCritical: false,
        _events,
        NullLogger<ShootContent>.Instance);

    private GVisorActuator NewActuator(
        ImageVector? vector = null, FlagPolicy? policy = null, string? testRepository = null, IObjectStore<ManagedResource>? cache = null) => new(
        NewContent(vector, policy, testRepository),
        new ManagedResourceWriter(_server, cache ?? _server.LiveCache(GardenerResources.ManagedResources), _time),
        _server,
        _time,
        NullLogger<GVisorActuator>.Instance);

    private ContainerRuntime Add(string pool, string providerConfig = "null")
    {
        _server.Add(GardenerResources.ContainerRuntimes, $$"""
            {
              "metadata": {
                "namespace": "{{Namespace}}",
                "name": "gvisor-{{pool}}",
                "finalizers": ["extensions.gardener.cloud/containerruntime"]
              },
              "spec": {
                "type": "gvisor",
                "binaryPath": "/var/bin/containerruntimes",
                "providerConfig": {{providerConfig}},
                "workerPool": {
                  "name": "{{pool}}",
                  "selector": {"matchLabels":{"worker.gardener.cloud/pool":"{{pool}}"} }
                }
              }
            }
            """);
        return Get(pool);
    }

    private ContainerRuntime Get(string pool) => _server.Get(GardenerResources.ContainerRuntimes, new ObjectKey(Namespace, $"gvisor-{pool}"))!;

    private async Task<OperationOutcome> DeleteAsync(string pool, ClusterShoot? shoot)
    {
        var value = Get(pool);
        if (value.Metadata.DeletionTimestamp is null)
        {
            _server.Remove(GardenerResources.ContainerRuntimes, value.Key());
        }

        return await _actuator.DeleteAsync(Get(pool), shoot, CancellationToken.None);
    }

    private string ManifestsOf(ObjectKey key)
    {
        var reference = _server.Get(GardenerResources.ManagedResources, key)!.Spec.SecretRefs.Single().Name;
        var secret = _server.Get(GardenerResources.Secrets, new ObjectKey(Namespace, reference))!;
        return Encoding.UTF8.GetString(secret.Data["config.yaml"]);
    }

    private void Report(ObjectKey key, bool healthy)
    {
        var generation = _server.Get(GardenerResources.ManagedResources, key)!.Metadata.Generation;
        var since = $"{_time.GetUtcNow():yyyy-MM-dd'T'HH:mm:ss'Z'}";
        var health = healthy
            ? $$"""{"type":"ResourcesHealthy","status":"True","lastTransitionTime":"{{since}}"}"""
            : $$"""{"type":"ResourcesHealthy","status":"False","lastTransitionTime":"{{since}}","reason":"NotReady","message":"1 node is left"}""";
        _server.Change(GardenerResources.ManagedResources, key, $$"""
            {
              "status": {
                "observedGeneration": {{generation}},
                "conditions": [
                  {"type":"ResourcesApplied","status":"True"},
                  {{health}},
                  {"type":"ResourcesProgressing","status":"False"}
                ]
              }
            }
            """, "status");
    }

    private void HoldByResourceManager(ObjectKey key)
    {
        _server.Change(GardenerResources.ManagedResources, key, """{"metadata":{"finalizers":["resources.gardener.cloud/gardener-resource-manager"]}}""");
        _server.Change(GardenerResources.ManagedResources, key, """
            {"status":{"conditions":[{"type":"ResourcesApplied","status":"Progressing","reason":"DeletionPending","message":"the shoot sleeps"}]}}
            """, "status");
    }

    private void ReleaseByResourceManager(ObjectKey key) =>
        _server.Change(GardenerResources.ManagedResources, key, """{"metadata":{"finalizers":null}}""");
}
