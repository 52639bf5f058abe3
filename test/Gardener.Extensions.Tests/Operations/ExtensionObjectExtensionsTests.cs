// SPDX-License-Identifier: Apache-2.0

using Gardener.Extensions.Api;
using Gardener.Extensions.Operations;
using static Gardener.Extensions.Api.OperationState;

namespace Gardener.Extensions.Tests.Operations;

public sealed class ExtensionObjectExtensionsTests
{
    [Fact]
    public void Nothing_is_left_to_do_after_a_success() => Objects.Reconciled().NeedsReconcile().Should().BeFalse();

    [Fact]
    public void A_new_object_has_work_left() => Objects.New().NeedsReconcile().Should().BeTrue();

    [Theory]
    [InlineData(Processing)]
    [InlineData(Error)]
    [InlineData(Failed)]
    [InlineData(Pending)]
    [InlineData(Aborted)]
    [InlineData(OperationState.Unknown)]
    public void An_operation_that_did_not_succeed_has_work_left(OperationState state) =>
        Objects.New().WithLast(OperationType.Reconcile, state).NeedsReconcile().Should().BeTrue();

    [Theory]
    [InlineData("reconcile", true)]
    [InlineData("restore", true)]
    [InlineData("migrate", true)]
    [InlineData("wait-for-state", false)]
    [InlineData("rotate", false)]
    public void An_operation_that_is_asked_for_is_work(string annotation, bool isWork) =>
        Objects.Reconciled().WithOperation(annotation).NeedsReconcile().Should().Be(isWork);

    [Fact]
    public void A_deletion_is_work() => Objects.Reconciled().InDeletion().NeedsReconcile().Should().BeTrue();

    [Fact]
    public void A_specification_that_was_not_observed_is_work() => Objects.Reconciled().OfGeneration(2).NeedsReconcile().Should().BeTrue();

    // The last operation ended at 10:00:00, which the status tells in whole seconds.
    [Theory]
    [InlineData(null, false)]
    [InlineData("", false)]
    [InlineData("yesterday", false)]
    [InlineData("2026-05-04T09:59:59.999999999Z", false)]
    [InlineData("2026-05-04T10:00:00Z", false)]
    [InlineData("2026-05-04T10:00:00.000000001Z", false)]
    [InlineData("2026-05-04T10:00:00.123456789Z", false)]
    [InlineData("2026-05-04T10:00:00.999999999Z", false)]
    [InlineData("2026-05-04T10:00:01Z", true)]
    [InlineData("2026-05-04T10:00:01.000000001Z", true)]
    [InlineData("2026-05-04T12:00:00+02:00", false)]
    [InlineData("2026-05-04T12:00:01+02:00", true)]
    public void A_request_after_the_last_operation_is_work_although_its_annotation_is_gone(string? timestamp, bool isWork) =>
        Objects.Reconciled().WithTimestamp(timestamp).NeedsReconcile().Should().Be(isWork);
}
