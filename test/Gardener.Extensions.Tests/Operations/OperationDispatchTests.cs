// SPDX-License-Identifier: Apache-2.0

using Gardener.Extensions.Api;
using Gardener.Extensions.Operations;
using static Gardener.Extensions.Api.OperationState;

namespace Gardener.Extensions.Tests.Operations;

/// <summary>Which flow runs, and under which type it is reported. (Gardener contract 2.5: dispatch of extension objects.)</summary>
public sealed class OperationDispatchTests
{
    private const string Deleted = "being deleted";
    private const string NotDeleted = "";

    // annotation, deletion, last operation => flow, type
    [Theory]
    // A new object.
    [InlineData(null, NotDeleted, null, null, OperationFlow.Reconcile, OperationType.Create)]
    [InlineData("reconcile", NotDeleted, null, null, OperationFlow.Reconcile, OperationType.Create)]
    [InlineData("restore", NotDeleted, null, null, OperationFlow.Restore, OperationType.Restore)]
    [InlineData("migrate", NotDeleted, null, null, OperationFlow.Migrate, OperationType.Migrate)]
    [InlineData(null, Deleted, null, null, OperationFlow.Delete, OperationType.Delete)]
    // The first reconciliation is a creation until it has succeeded.
    [InlineData(null, NotDeleted, OperationType.Create, Processing, OperationFlow.Reconcile, OperationType.Create)]
    [InlineData(null, NotDeleted, OperationType.Create, Error, OperationFlow.Reconcile, OperationType.Create)]
    [InlineData("reconcile", NotDeleted, OperationType.Create, Error, OperationFlow.Reconcile, OperationType.Create)]
    [InlineData(null, NotDeleted, OperationType.Create, Succeeded, OperationFlow.Reconcile, OperationType.Reconcile)]
    [InlineData("reconcile", NotDeleted, OperationType.Create, Succeeded, OperationFlow.Reconcile, OperationType.Reconcile)]
    [InlineData("reconcile", NotDeleted, OperationType.Reconcile, Succeeded, OperationFlow.Reconcile, OperationType.Reconcile)]
    [InlineData(null, NotDeleted, OperationType.Reconcile, Error, OperationFlow.Reconcile, OperationType.Reconcile)]
    [InlineData(null, NotDeleted, OperationType.Delete, Error, OperationFlow.Reconcile, OperationType.Reconcile)]
    [InlineData(null, NotDeleted, OperationType.Unknown, Processing, OperationFlow.Reconcile, OperationType.Reconcile)]
    // A migration or restoration that was interrupted goes on without its annotation.
    [InlineData(null, NotDeleted, OperationType.Restore, Processing, OperationFlow.Restore, OperationType.Restore)]
    [InlineData("reconcile", NotDeleted, OperationType.Restore, Error, OperationFlow.Restore, OperationType.Restore)]
    [InlineData(null, NotDeleted, OperationType.Migrate, Processing, OperationFlow.Migrate, OperationType.Migrate)]
    [InlineData(null, NotDeleted, OperationType.Migrate, Error, OperationFlow.Migrate, OperationType.Migrate)]
    [InlineData(null, NotDeleted, OperationType.Restore, Succeeded, OperationFlow.Reconcile, OperationType.Reconcile)]
    // The annotation outranks what was before.
    [InlineData("restore", NotDeleted, OperationType.Reconcile, Succeeded, OperationFlow.Restore, OperationType.Restore)]
    [InlineData("restore", NotDeleted, OperationType.Migrate, Succeeded, OperationFlow.Restore, OperationType.Restore)]
    [InlineData("restore", NotDeleted, OperationType.Migrate, Error, OperationFlow.Restore, OperationType.Restore)]
    [InlineData("migrate", NotDeleted, OperationType.Migrate, Succeeded, OperationFlow.Migrate, OperationType.Migrate)]
    [InlineData("migrate", NotDeleted, OperationType.Restore, Processing, OperationFlow.Migrate, OperationType.Migrate)]
    // A deletion outranks all but a migration.
    [InlineData("restore", Deleted, OperationType.Reconcile, Succeeded, OperationFlow.Delete, OperationType.Delete)]
    [InlineData("reconcile", Deleted, OperationType.Reconcile, Succeeded, OperationFlow.Delete, OperationType.Delete)]
    [InlineData(null, Deleted, OperationType.Restore, Error, OperationFlow.Delete, OperationType.Delete)]
    [InlineData(null, Deleted, OperationType.Migrate, Error, OperationFlow.Delete, OperationType.Delete)]
    [InlineData("migrate", Deleted, OperationType.Reconcile, Succeeded, OperationFlow.Migrate, OperationType.Migrate)]
    [InlineData("migrate", Deleted, OperationType.Migrate, Succeeded, OperationFlow.Migrate, OperationType.Migrate)]
    // An object that was migrated away is left alone.
    [InlineData(null, Deleted, OperationType.Migrate, Succeeded, OperationFlow.Skip, OperationType.Delete)]
    [InlineData("restore", Deleted, OperationType.Migrate, Succeeded, OperationFlow.Skip, OperationType.Delete)]
    [InlineData(null, NotDeleted, OperationType.Migrate, Succeeded, OperationFlow.Skip, OperationType.Reconcile)]
    [InlineData("reconcile", NotDeleted, OperationType.Migrate, Succeeded, OperationFlow.Skip, OperationType.Reconcile)]
    // Other values of the annotation mean nothing here.
    [InlineData("rotate-credentials", NotDeleted, OperationType.Reconcile, Succeeded, OperationFlow.Reconcile, OperationType.Reconcile)]
    public void The_first_matching_rule_decides(
        string? annotation, string deletion, OperationType? lastType, OperationState? lastState, OperationFlow flow, OperationType type) =>
        OperationDispatch.For(Value(annotation, deletion == Deleted, lastType, lastState)).Should().Be(new OperationDispatch(flow, type));

    [Theory]
    [InlineData(NotDeleted, null)]
    [InlineData(NotDeleted, OperationType.Reconcile)]
    [InlineData(NotDeleted, OperationType.Migrate)]
    [InlineData(Deleted, null)]
    [InlineData(Deleted, OperationType.Reconcile)]
    [InlineData(Deleted, OperationType.Migrate)]
    public void While_the_state_is_restored_nothing_is_done(string deletion, OperationType? lastType) =>
        OperationDispatch.For(Value("wait-for-state", deletion == Deleted, lastType, Succeeded)).Flow.Should().Be(OperationFlow.WaitForState);

    private static ContainerRuntime Value(string? annotation, bool isBeingDeleted, OperationType? lastType, OperationState? lastState)
    {
        var value = Objects.New().WithOperation(annotation);
        value = isBeingDeleted ? value.InDeletion() : value;
        return lastType is null ? value : value.WithLast(lastType.Value, lastState!.Value);
    }
}
