// SPDX-License-Identifier: Apache-2.0

using Gardener.Extensions.Api;
using Gardener.Extensions.ManagedResources;
using Gardener.Extensions.Operations;
using Kubernetes.Controllers.Client;

namespace RuntimeGVisor.Controller.ContainerRuntimes;

/// <summary>
/// Turns ContainerRuntimes of type <c>gvisor</c> into ManagedResources: one that all pools of a shoot share (RuntimeClass,
/// ServiceAccount) and one for each pool (the node installer).
/// </summary>
internal sealed partial class GVisorActuator(
    ShootContent content,
    ManagedResourceWriter managedResources,
    IApiClient api,
    TimeProvider time,
    ILogger<GVisorActuator> logger) : IActuator<ContainerRuntime>
{
    /// <summary>Changes of ManagedResources wake a waiting object; this is for a change that was missed.</summary>
    private static readonly TimeSpan RecheckAfter = TimeSpan.FromSeconds(30);

    /// <summary>After this the status says that the deletion of a ManagedResource takes too long; gardenlet waits for 3 minutes.</summary>
    private static readonly TimeSpan DeletionLimit = TimeSpan.FromMinutes(2);

    /// <summary>
    /// A verdict on the nodes counts when it has lasted so long: one of the resource manager's two controllers may not have come to it yet.
    /// </summary>
    private static readonly TimeSpan VerdictSettlesAfter = TimeSpan.FromSeconds(5);

    public async Task<OperationOutcome> ReconcileAsync(ContainerRuntime value, ClusterShoot shoot, CancellationToken cancellationToken)
    {
        // Everything is rendered before anything is written: a wrong configuration must not leave half of it behind.
        var shared = ShootContent.Shared(value);
        var installation = content.Installation(value, shoot);

        foreach (var desired in (ManagedResourceContent[])[shared, installation])
        {
            var applied = await managedResources.ApplyAsync(desired, cancellationToken);
            if (applied.Metadata.DeletionTimestamp is not null)
            {
                return WaitingForDeletion(value, applied);
            }
        }

        return OperationOutcome.Completed;
    }

    public Task<OperationOutcome> RestoreAsync(ContainerRuntime value, ClusterShoot shoot, CancellationToken cancellationToken) =>
        ReconcileAsync(value, shoot, cancellationToken);

    public async Task<OperationOutcome> DeleteAsync(ContainerRuntime value, ClusterShoot? shoot, CancellationToken cancellationToken)
    {
        if (UninstallationTime.IsPossible(shoot) && await UninstallAsync(value, shoot, cancellationToken) is { } uninstalling)
        {
            return uninstalling;
        }

        var deleting = await DeleteAsync(ManagedResourceNames.Installation(value), keepObjects: false, value, cancellationToken);
        var deletingShared = await IsSharedNeededAsync(value, other => !other.IsBeingDeleted() || IsInstallationInPlace(other), cancellationToken)
            ? null
            : await DeleteAsync(ManagedResourceNames.Shared(value), keepObjects: false, value, cancellationToken);
        return deleting ?? deletingShared ?? OperationOutcome.Completed;
    }

    public async Task<OperationOutcome> ForceDeleteAsync(ContainerRuntime value, CancellationToken cancellationToken)
    {
        await DeleteAsync(ManagedResourceNames.Installation(value), keepObjects: false, value, cancellationToken);
        if (!await IsSharedNeededAsync(value, other => !other.IsBeingDeleted(), cancellationToken))
        {
            await DeleteAsync(ManagedResourceNames.Shared(value), keepObjects: false, value, cancellationToken);
        }

        return OperationOutcome.Completed;
    }

    public async Task<OperationOutcome> MigrateAsync(ContainerRuntime value, CancellationToken cancellationToken)
    {
        // Nothing goes in the shoot, so neither has to wait for the other.
        var deleting = await DeleteAsync(ManagedResourceNames.Installation(value), keepObjects: true, value, cancellationToken);
        var deletingShared = await DeleteAsync(ManagedResourceNames.Shared(value), keepObjects: true, value, cancellationToken);
        return deleting ?? deletingShared ?? OperationOutcome.Completed;
    }

    private async Task<OperationOutcome?> DeleteAsync(ObjectKey? key, bool keepObjects, ContainerRuntime value, CancellationToken cancellationToken) =>
        key is not null && await managedResources.DeleteAsync(key.Value, keepObjects, cancellationToken) is { } remaining
            ? WaitingForDeletion(value, remaining)
            : null;

    /// <summary>
    /// Another pool of the shoot needs what is shared; the class does not matter here. Asked of the server and not of the cache: a pool that
    /// was added meanwhile needs the RuntimeClass. A deletion that was sent cannot be called back, and a pool that was added after it makes
    /// the ManagedResource anew. (Gardener contract 5.1: shared ManagedResource.)
    /// </summary>
    private async Task<bool> IsSharedNeededAsync(ContainerRuntime value, Func<ContainerRuntime, bool> needsShared, CancellationToken cancellationToken)
    {
        if (await managedResources.FindAsync(ManagedResourceNames.Shared(value), cancellationToken) is { Metadata.DeletionTimestamp: not null })
        {
            return false;
        }

        var isNeeded = false;
        await api.ReadPageAsync(
            GardenerResources.ContainerRuntimes,
            value.Metadata.NamespaceProperty,
            new ListOptions { PageSize = 0 },
            other => isNeeded |= other.Object is { } pool
                ? pool.Metadata.Name != value.Metadata.Name && pool.Spec.Type == value.Spec.Type && needsShared(pool)
                : IsOfSameType(other.Key, value),
            cancellationToken);
        return isNeeded;
    }

    /// <summary>
    /// A pool that cannot be decoded keeps what it has until it can be, and then deletes it. Only its name tells its type. (Gardener contract 1.1:
    /// gardenlet names the objects <c>type-pool</c>.)
    /// </summary>
    private static bool IsOfSameType(ObjectKey? undecodable, ContainerRuntime value) =>
        undecodable is not { } key || (key.Name != value.Metadata.Name && key.Name.StartsWith($"{value.Spec.Type}-", StringComparison.Ordinal));

    /// <summary>
    /// The pool's nodes are uninstalling, or about to be asked to, and the pods that do so need the ServiceAccount that is shared. The last
    /// pool to get done deletes it.
    /// </summary>
    private bool IsInstallationInPlace(ContainerRuntime value) =>
        ManagedResourceNames.Installation(value) is { } key && managedResources.Find(key) is { Metadata.DeletionTimestamp: null };

    /// <summary>
    /// Lets the nodes of the pool take gVisor away while the installer still runs there. Null when they have done so, or have had
    /// their time, or cannot be asked.
    /// </summary>
    private async Task<OperationOutcome?> UninstallAsync(ContainerRuntime value, ClusterShoot? shoot, CancellationToken cancellationToken)
    {
        if (ManagedResourceNames.Installation(value) is not { } key
            || managedResources.Find(key) is not { Metadata.DeletionTimestamp: null } current)
        {
            return null;
        }

        var now = time.GetUtcNow();
        var start = UninstallationTime.StartOf(current) ?? now;
        var deadline = start + UninstallationTime.Limit;
        if (now >= deadline)
        {
            LogUninstallationIncomplete(logger, key, current.ReasonNotReady());
            return null;
        }

        ManagedResourceContent uninstallation;
        try
        {
            uninstallation = content.Uninstallation(value, shoot, start);
        }
        catch (CodedException exception)
        {
            // Nobody could mend the object of a pool that is going, and it must not stay for ever.
            LogUninstallationImpossible(logger, key, exception.Message);
            return null;
        }

        var applied = await managedResources.ApplyAsync(uninstallation, cancellationToken);
        var settled = applied.HealthyAndRolledOutSince() + VerdictSettlesAfter;
        if (applied.Metadata.DeletionTimestamp is not null || now >= settled)
        {
            return null;
        }

        return OperationOutcome.Waiting(
            $"the nodes of worker pool '{value.Spec.WorkerPool.Name}' to take gVisor away, until {UninstallationTime.Format(deadline)} at the latest"
                + Quoted(applied.ReasonNotReady()),
            recheckAfter: (settled < deadline ? settled.Value : deadline) - now);
    }

    private OperationOutcome WaitingForDeletion(ContainerRuntime value, ManagedResource remaining)
    {
        // gardenlet's patience begins with the deletion of its own object, whatever came before that of the ManagedResource.
        var since = value.Metadata.DeletionTimestamp ?? remaining.Metadata.DeletionTimestamp!.Value;
        var pendingFor = time.GetUtcNow() - new DateTimeOffset(since.ToUniversalTime());
        var condition = remaining.Condition(ManagedResourceCondition.ResourcesApplied);
        return OperationOutcome.Waiting(
            $"ManagedResource '{remaining.Metadata.Name}' to be deleted"
                + Quoted(condition is null or { Status: "True" } ? null : $"{condition.Reason}: {condition.Message}"),
            recheckAfter: pendingFor < DeletionLimit ? Shorter(RecheckAfter, DeletionLimit - pendingFor) : RecheckAfter,
            isOverdue: pendingFor >= DeletionLimit);
    }

    private static string Quoted(string? message) => message is null ? "" : $" ({message})";

    private static TimeSpan Shorter(TimeSpan one, TimeSpan other) => one < other ? one : other;

    [LoggerMessage(LogLevel.Warning, "The nodes of ManagedResource {ManagedResource} are not asked to take gVisor away: {Reason}")]
    private static partial void LogUninstallationImpossible(ILogger logger, ObjectKey managedResource, string reason);

    [LoggerMessage(LogLevel.Warning, "ManagedResource {ManagedResource} is deleted although not all nodes have taken gVisor away: {Reason}")]
    private static partial void LogUninstallationIncomplete(ILogger logger, ObjectKey managedResource, string? reason);
}
