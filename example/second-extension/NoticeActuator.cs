// SPDX-License-Identifier: Apache-2.0

using System.Collections.Immutable;
using Gardener.Extensions.Api;
using Gardener.Extensions.ManagedResources;
using Gardener.Extensions.Operations;
using Kubernetes.Controllers.Client;

namespace SecondExtension;

/// <summary>Brings the notice into the shoot by a ManagedResource, and takes it away again.</summary>
internal sealed class NoticeActuator(ManagedResourceWriter managedResources) : IActuator<ShootExtension>
{
    public const string Origin = "extension-notice";

    public async Task<OperationOutcome> ReconcileAsync(ShootExtension value, ClusterShoot shoot, CancellationToken cancellationToken)
    {
        var applied = await managedResources.ApplyAsync(ContentFor(value), cancellationToken);
        return applied.Metadata.DeletionTimestamp is null ? OperationOutcome.Completed : WaitingFor(applied);
    }

    public Task<OperationOutcome> RestoreAsync(ShootExtension value, ClusterShoot shoot, CancellationToken cancellationToken) =>
        ReconcileAsync(value, shoot, cancellationToken);

    public Task<OperationOutcome> DeleteAsync(ShootExtension value, ClusterShoot? shoot, CancellationToken cancellationToken) =>
        RemoveAsync(value, keepObjects: false, cancellationToken);

    public async Task<OperationOutcome> ForceDeleteAsync(ShootExtension value, CancellationToken cancellationToken)
    {
        await managedResources.DeleteAsync(KeyOf(value), keepObjects: false, cancellationToken);
        return OperationOutcome.Completed;
    }

    public Task<OperationOutcome> MigrateAsync(ShootExtension value, CancellationToken cancellationToken) =>
        RemoveAsync(value, keepObjects: true, cancellationToken);

    private async Task<OperationOutcome> RemoveAsync(ShootExtension value, bool keepObjects, CancellationToken cancellationToken) =>
        await managedResources.DeleteAsync(KeyOf(value), keepObjects, cancellationToken) is { } remaining
            ? WaitingFor(remaining)
            : OperationOutcome.Completed;

    private static OperationOutcome WaitingFor(ManagedResource value) =>
        OperationOutcome.Waiting($"ManagedResource '{value.Metadata.Name}' to be deleted", recheckAfter: TimeSpan.FromSeconds(30));

    private static ObjectKey KeyOf(ShootExtension value) => new(value.Metadata.NamespaceProperty, $"{Origin}-{value.Metadata.Name}");

    private static ManagedResourceContent ContentFor(ShootExtension value) => new()
    {
        Key = KeyOf(value),
        Origin = Origin,
        Data = ImmutableSortedDictionary<string, ReadOnlyMemory<byte>>.Empty.Add("config.yaml", Notice.ManifestFor(value.Spec.ProviderConfig)),
    };
}
