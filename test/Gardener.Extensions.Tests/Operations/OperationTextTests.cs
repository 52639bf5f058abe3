// SPDX-License-Identifier: Apache-2.0

using Gardener.Extensions.Api;
using Gardener.Extensions.Operations;

namespace Gardener.Extensions.Tests.Operations;

/// <summary>The descriptions of the contract.</summary>
public sealed class OperationTextTests
{
    private static readonly OperationText Text = new("ContainerRuntime");

    [Theory]
    [InlineData(OperationType.Create, "Reconciling the ContainerRuntime", "Successfully reconciled ContainerRuntime", "Error reconciling ContainerRuntime: no")]
    [InlineData(OperationType.Reconcile, "Reconciling the ContainerRuntime", "Successfully reconciled ContainerRuntime", "Error reconciling ContainerRuntime: no")]
    [InlineData(OperationType.Restore, "Restoring the ContainerRuntime", "Successfully restored ContainerRuntime", "Error restoring ContainerRuntime: no")]
    [InlineData(OperationType.Delete, "Deleting the ContainerRuntime", "Successfully deleted ContainerRuntime", "Error deleting ContainerRuntime: no")]
    [InlineData(OperationType.Migrate, "Migrating the ContainerRuntime", "Successfully migrated ContainerRuntime", "Error migrating ContainerRuntime: no")]
    public void Every_operation_has_its_words(OperationType type, string processing, string succeeded, string failed)
    {
        Text.Processing(type).Should().Be(processing);
        Text.Succeeded(type).Should().Be(succeeded);
        Text.Failed(type, "no").Should().Be(failed);
    }
}
