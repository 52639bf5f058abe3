// SPDX-License-Identifier: Apache-2.0

using Gardener.Extensions.Api;
using Gardener.Extensions.Operations;
using Kubernetes.Controllers.Caching;
using static Gardener.Extensions.Api.OperationState;

namespace Gardener.Extensions.Tests.Operations;

/// <summary>Which changes start a reconcile. (Gardener contract 2.3: event filters.)</summary>
public sealed class OperationTriggerTests
{
    private static readonly OperationTrigger ByAnnotation = new() { Type = "gvisor" };
    private static readonly OperationTrigger ByGeneration = ByAnnotation with { IgnoreOperationAnnotation = true };

    public static TheoryData<string[], string?, bool> ClassCases() => new()
    {
        { [], null, true },
        { [], "shoot", true },
        { [], "seed", false },
        { [], "", false },
        { [""], null, true },
        { [""], "shoot", true },
        { [""], "garden", false },
        { ["shoot"], null, true },
        { ["shoot"], "shoot", true },
        { ["shoot"], "", false },
        { ["garden"], null, false },
        { ["garden"], "garden", true },
        { ["garden", "seed"], "seed", true },
        { ["garden", "seed"], "shoot", false },
    };

    [Theory]
    [MemberData(nameof(ClassCases))]
    public void The_class_decides_who_is_responsible(string[] configured, string? extensionClass, bool isResponsible)
    {
        var value = Objects.New();
        value = value with { Spec = value.Spec with { Class = extensionClass } };

        (ByAnnotation with { Classes = [.. configured] }).IsResponsibleFor(value).Should().Be(isResponsible);
    }

    [Fact]
    public void Without_any_classes_set_the_class_is_shoot() =>
        new OperationTrigger { Type = "gvisor", Classes = default }.IsResponsibleFor(Objects.New()).Should().BeTrue();

    [Theory]
    [InlineData("gvisor", true)]
    [InlineData("GVisor", false)]
    [InlineData("kata", false)]
    [InlineData("", false)]
    [InlineData(null, false)]
    public void The_type_must_be_the_same(string? type, bool isResponsible)
    {
        var value = Objects.New().WithOperation("reconcile");
        value = value with { Spec = value.Spec with { Type = type } };

        ByAnnotation.IsResponsibleFor(value).Should().Be(isResponsible);
        ByAnnotation.ShouldReconcile(Added(value)).Should().Be(isResponsible);
        ByGeneration.ShouldReconcile(Added(value)).Should().Be(isResponsible);
    }

    [Theory]
    [InlineData("reconcile", Succeeded, true)]
    [InlineData("restore", Succeeded, true)]
    [InlineData("migrate", Succeeded, true)]
    [InlineData("wait-for-state", Succeeded, false)]
    [InlineData("rotate", Succeeded, false)]
    [InlineData(null, Succeeded, false)]
    [InlineData(null, Processing, true)]
    [InlineData(null, Error, true)]
    [InlineData(null, Failed, true)]
    [InlineData(null, OperationState.Unknown, true)]
    public void Asked_by_annotation_an_added_object_starts_if_work_is_left(string? annotation, OperationState state, bool isAdmitted) =>
        ByAnnotation.ShouldReconcile(Added(Objects.New().WithLast(OperationType.Reconcile, state).WithOperation(annotation))).Should().Be(isAdmitted);

    [Fact]
    public void Asked_by_annotation_a_new_object_starts() => ByAnnotation.ShouldReconcile(Added(Objects.New())).Should().BeTrue();

    [Fact]
    public void Asked_by_annotation_an_added_object_in_deletion_starts() =>
        ByAnnotation.ShouldReconcile(Added(Objects.Reconciled().InDeletion())).Should().BeTrue();

    [Fact]
    public void Asked_by_generation_every_added_object_starts() => ByGeneration.ShouldReconcile(Added(Objects.Reconciled())).Should().BeTrue();

    [Theory]
    [InlineData("reconcile", true)]
    [InlineData("restore", true)]
    [InlineData("migrate", true)]
    [InlineData("wait-for-state", false)]
    [InlineData("rotate", false)]
    [InlineData(null, false)]
    public void Asked_by_annotation_an_update_starts_if_it_asks(string? annotation, bool isAdmitted)
    {
        var before = Objects.Reconciled();

        ByAnnotation.ShouldReconcile(Updated(before, before.WithOperation(annotation))).Should().Be(isAdmitted);
    }

    [Fact]
    public void Asked_by_annotation_a_new_specification_alone_does_not_start() =>
        ByAnnotation.ShouldReconcile(Updated(Objects.Reconciled(), Objects.Reconciled().OfGeneration(2))).Should().BeFalse();

    [Theory]
    [InlineData(1, 2, null, true)]
    [InlineData(2, 2, null, false)]
    [InlineData(2, 2, "reconcile", false)]
    [InlineData(2, 2, "wait-for-state", false)]
    [InlineData(2, 2, "migrate", true)]
    [InlineData(2, 2, "restore", true)]
    public void An_update_starts_by_generation_if_that_changed_or_the_object_moves(
        long before, long after, string? annotation, bool isAdmitted) =>
        ByGeneration.ShouldReconcile(Updated(Objects.Reconciled().OfGeneration(before), Objects.Reconciled().OfGeneration(after).WithOperation(annotation)))
            .Should().Be(isAdmitted);

    [Theory]
    [InlineData("restore")]
    [InlineData("migrate")]
    [InlineData("reconcile")]
    public void An_own_status_write_starts_nothing(string annotation)
    {
        var before = Objects.New().WithOperation(annotation).WithTimestamp("2026-05-04T10:00:00Z");
        var change = Updated(before.WithLast(OperationType.Restore, Processing), before.WithLast(OperationType.Restore, Error));

        ByAnnotation.ShouldReconcile(change).Should().BeFalse("an error would start the next attempt, past its back-off");
        ByGeneration.ShouldReconcile(change).Should().BeFalse();
    }

    [Theory]
    [InlineData("restore")]
    [InlineData("migrate")]
    public void An_own_finalizer_starts_nothing(string annotation)
    {
        var before = Objects.New().WithOperation(annotation);

        ByAnnotation.ShouldReconcile(Updated(before, before.WithFinalizer("extensions.gardener.cloud/containerruntime"))).Should().BeFalse();
        ByAnnotation.ShouldReconcile(Updated(before.WithFinalizer("extensions.gardener.cloud/containerruntime"), before)).Should().BeFalse();
    }

    [Fact]
    public void An_own_status_write_does_not_start_a_deletion_that_waits() =>
        ByAnnotation.ShouldReconcile(Updated(
            Objects.New().WithLast(OperationType.Delete, Processing).InDeletion(),
            Objects.New().WithLast(OperationType.Delete, Error).InDeletion())).Should().BeFalse();

    [Fact]
    public void A_change_of_a_deleted_object_that_is_no_status_write_starts_it()
    {
        var value = Objects.New().WithLast(OperationType.Delete, Error).InDeletion();

        ByAnnotation.ShouldReconcile(Updated(value.WithTimestamp("2026-05-04T10:00:00Z"), value.WithTimestamp("2026-05-04T10:05:00Z"))).Should().BeTrue();
    }

    [Fact]
    public void A_request_that_arrives_together_with_a_status_starts()
    {
        // After a broken watch the cache jumps over the states between.
        var before = Objects.Reconciled().WithTimestamp("2026-05-04T09:00:00Z");
        var after = Objects.Reconciled().WithLast(OperationType.Reconcile, Error);

        ByAnnotation.ShouldReconcile(Updated(before, after.WithOperation("reconcile"))).Should().BeTrue("gardenlet asks");
        ByAnnotation.ShouldReconcile(Updated(before.WithOperation("restore"), after.WithOperation("restore").WithTimestamp("2026-05-04T11:00:00Z")))
            .Should().BeTrue("gardenlet asks again");
        ByAnnotation.ShouldReconcile(Updated(before, after.InDeletion().OfGeneration(2))).Should().BeTrue("the deletion is new");
    }

    [Theory]
    [InlineData("note")]
    [InlineData("confirmation.gardener.cloud/deletion")]
    public void A_change_that_asks_for_nothing_does_not_start_what_is_under_way(string annotation)
    {
        var asked = Objects.New().WithOperation("restore").WithTimestamp("2026-05-04T10:00:00Z");
        var deleted = Objects.New().WithLast(OperationType.Delete, Error).InDeletion();

        ByAnnotation.ShouldReconcile(Updated(asked, asked.WithAnnotation(annotation, "true"))).Should().BeFalse("a busy writer would defeat the back-off");
        ByAnnotation.ShouldReconcile(Updated(deleted, deleted.WithAnnotation(annotation, "true"))).Should().BeFalse();
    }

    [Fact]
    public void An_annotation_that_was_taken_off_asks_for_nothing() =>
        ByAnnotation.ShouldReconcile(Updated(Objects.New().WithOperation("reconcile").InDeletion(), Objects.New().InDeletion())).Should().BeFalse();

    [Fact]
    public void A_resync_repeats_what_is_still_asked_for()
    {
        var asked = Objects.Reconciled().WithOperation("reconcile");

        ByAnnotation.ShouldReconcile(Updated(asked, asked) with { IsResync = true }).Should().BeTrue();
        ByAnnotation.ShouldReconcile(Updated(Objects.Reconciled(), Objects.Reconciled()) with { IsResync = true }).Should().BeFalse();
    }

    [Fact]
    public void A_deleted_object_starts_nothing()
    {
        var gone = new InformerEvent<ContainerRuntime>(InformerEventType.Deleted, Objects.New().WithOperation("reconcile").InDeletion(), null, false, false);

        ByAnnotation.ShouldReconcile(gone).Should().BeFalse();
        ByGeneration.ShouldReconcile(gone).Should().BeFalse();
    }

    private static InformerEvent<ContainerRuntime> Added(ContainerRuntime value) => new(InformerEventType.Added, value, null, false, false);

    private static InformerEvent<ContainerRuntime> Updated(ContainerRuntime before, ContainerRuntime after) =>
        new(InformerEventType.Updated, after, before, false, false);
}
