// SPDX-License-Identifier: Apache-2.0

using Kubernetes.Controllers.Client;
using Kubernetes.Controllers.Reconciling;
using k8s.Models;

namespace ResourceManager;

/// <summary>
/// One of the two controllers that judge the objects in the shoot. Each writes a condition of its own, when it comes to it: what the two
/// conditions say at one moment need not be true together. (Gardener contract 4.7.)
/// </summary>
/// <param name="client">The seed.</param>
/// <param name="check">The condition, for what is in the shoot.</param>
/// <param name="time">The time of conditions.</param>
/// <param name="delay">How long this controller is behind: its queue is long, or its writes meet conflicts.</param>
/// <param name="syncPeriod">When it looks again without a change; null for never.</param>
internal sealed class ConditionReconciler(
    IApiClient client, Func<IReadOnlyList<ObjectReference>, ConditionUpdate> check, TimeProvider time, TimeSpan delay, TimeSpan? syncPeriod) : IReconciler
{
    public async Task<ReconcileResult> ReconcileAsync(ObjectKey key, CancellationToken cancellationToken)
    {
        await Task.Delay(delay, time, cancellationToken);
        if (await client.FindAsync(Resources.ManagedResources, key, cancellationToken) is not { Metadata.DeletionTimestamp: null } resource
            || !resource.IsManaged || resource.IsIgnored)
        {
            return ReconcileResult.Done;
        }

        // The verdict on objects of which some are not there yet would be wrong.
        if (resource.ConditionOf(Condition.Applied) is { Status: not ("Progressing" or "False") })
        {
            await client.WriteConditionsAsync(key, resource, [check(resource.Status.Resources)], fields: null, time, cancellationToken);
        }

        return syncPeriod is { } period ? ReconcileResult.After(period) : ReconcileResult.Done;
    }

    /// <summary>The condition <c>ResourcesHealthy</c>.</summary>
    /// <param name="references">What was applied.</param>
    /// <param name="find">A DaemonSet in the shoot as the manager's cache has it; null where there is no such thing.</param>
    public static ConditionUpdate Health(IReadOnlyList<ObjectReference> references, Func<ObjectReference, V1DaemonSet?> find)
    {
        foreach (var reference in references.Where(reference => reference.Kind == "DaemonSet"))
        {
            if (find(reference) is not { } daemonSet)
            {
                return new(Condition.Healthy, "False", "DaemonSetMissing", $"Required {reference} is missing");
            }

            if (DaemonSetHealth.Fault(daemonSet) is { } fault)
            {
                return new(Condition.Healthy, "False", "DaemonSetUnhealthy", $"{reference} is unhealthy: {fault}");
            }
        }

        return new(Condition.Healthy, "True", "ResourcesHealthy", "All resources are healthy.");
    }

    /// <summary>The condition <c>ResourcesProgressing</c>. What is missing is none of its business.</summary>
    /// <inheritdoc cref="Health"/>
    public static ConditionUpdate Progress(IReadOnlyList<ObjectReference> references, Func<ObjectReference, V1DaemonSet?> find) =>
        references.Where(reference => reference.Kind == "DaemonSet")
            .Select(reference => find(reference) is { } daemonSet && DaemonSetHealth.Progress(daemonSet) is { } progress
                ? new ConditionUpdate(Condition.Progressing, "True", "DaemonSetProgressing", $"{reference} is progressing: {progress}")
                : null)
            .FirstOrDefault(update => update is not null)
        ?? new(Condition.Progressing, "False", "ResourcesRolledOut", "All resources have been fully rolled out.");
}
