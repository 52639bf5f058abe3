// SPDX-License-Identifier: Apache-2.0

using System.Collections.Immutable;
using System.Text;
using Gardener.Extensions.Api;
using Gardener.Extensions.ManagedResources;
using Gardener.Extensions.Operations;
using Kubernetes.Controllers.Client;

namespace Gardener.Extensions.Tests.Operations;

/// <summary>The smallest extension there is: one ManagedResource for each object.</summary>
internal sealed class SampleActuator(ManagedResourceWriter managedResources) : IActuator<ContainerRuntime>
{
    public static ObjectKey ManagedResource { get; } = new("shoot--a--b", "extension-sample-a");

    /// <summary>Called instead of the work; may throw.</summary>
    public Func<CancellationToken, Task>? Instead { get; set; }

    /// <summary>The methods that were called.</summary>
    public List<string> Calls { get; } = [];

    /// <summary>After this many checks a deletion counts as overdue.</summary>
    public bool IsOverdue { get; set; }

    public async Task<OperationOutcome> ReconcileAsync(ContainerRuntime value, ClusterShoot shoot, CancellationToken cancellationToken)
    {
        Calls.Add("reconcile");
        if (Instead is not null)
        {
            await Instead(cancellationToken);
        }

        var applied = await managedResources.ApplyAsync(Content(value), cancellationToken);
        return applied.Metadata.DeletionTimestamp is null ? OperationOutcome.Completed : Waiting(applied);
    }

    public async Task<OperationOutcome> RestoreAsync(ContainerRuntime value, ClusterShoot shoot, CancellationToken cancellationToken)
    {
        var outcome = await ReconcileAsync(value, shoot, cancellationToken);
        Calls[^1] = "restore";
        return outcome;
    }

    public async Task<OperationOutcome> DeleteAsync(ContainerRuntime value, ClusterShoot? shoot, CancellationToken cancellationToken)
    {
        Calls.Add("delete");
        if (Instead is not null)
        {
            await Instead(cancellationToken);
        }

        return await DeleteAsync(keepObjects: false, cancellationToken);
    }

    public async Task<OperationOutcome> ForceDeleteAsync(ContainerRuntime value, CancellationToken cancellationToken)
    {
        Calls.Add("force delete");
        await DeleteAsync(keepObjects: false, cancellationToken);
        return OperationOutcome.Completed;
    }

    public async Task<OperationOutcome> MigrateAsync(ContainerRuntime value, CancellationToken cancellationToken)
    {
        Calls.Add("migrate");
        return await DeleteAsync(keepObjects: true, cancellationToken);
    }

    private async Task<OperationOutcome> DeleteAsync(bool keepObjects, CancellationToken cancellationToken) =>
        await managedResources.DeleteAsync(ManagedResource, keepObjects, cancellationToken) is { } remaining
            ? Waiting(remaining)
            : OperationOutcome.Completed;

    private OperationOutcome Waiting(ManagedResource value) =>
        OperationOutcome.Waiting($"ManagedResource '{value.Metadata.Name}' to be deleted", TimeSpan.FromSeconds(30), IsOverdue);

    private static ManagedResourceContent Content(ContainerRuntime value) => new()
    {
        Key = ManagedResource,
        Origin = "extension-sample",
        Data = ImmutableSortedDictionary<string, ReadOnlyMemory<byte>>.Empty
            .Add("config.yaml", Encoding.UTF8.GetBytes($"pool: {value.Spec.WorkerPool.Name}, binaries: {value.Spec.BinaryPath}")),
    };
}
