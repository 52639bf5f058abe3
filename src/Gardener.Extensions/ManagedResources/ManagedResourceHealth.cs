// SPDX-License-Identifier: Apache-2.0

using Gardener.Extensions.Api;

namespace Gardener.Extensions.ManagedResources;

/// <summary>
/// What the conditions of a ManagedResource say (Gardener contract 4.6: health of ManagedResources). Conditions of an earlier generation
/// speak of what was there before and count as unknown.
/// </summary>
public static class ManagedResourceHealth
{
    /// <summary>The resource manager has reported on the current generation.</summary>
    public static bool IsObserved(this ManagedResource value) => value.Status?.ObservedGeneration == value.Metadata.Generation;

    /// <summary>The objects of the current generation were written.</summary>
    public static bool IsApplied(this ManagedResource value) => IsObserved(value) && HasStatus(value, ManagedResourceCondition.ResourcesApplied, "True");

    /// <summary>
    /// Since when the objects of the current generation are written, work, and are rolled out; null when they are not. Two controllers report
    /// whether they work and whether they are rolled out, one after the other and in either order: what has not lasted for some seconds may
    /// be the one's new verdict beside the other's old one. (Gardener contract 4.7.)
    /// </summary>
    public static DateTimeOffset? HealthyAndRolledOutSince(this ManagedResource value) =>
        IsApplied(value)
        && value.Condition(ManagedResourceCondition.ResourcesHealthy) is { Status: "True" } healthy
        && value.Condition(ManagedResourceCondition.ResourcesProgressing) is { Status: "False" } progressing
            ? (healthy.LastTransitionTime > progressing.LastTransitionTime ? healthy : progressing).LastTransitionTime
            : null;

    /// <summary>The condition of a type, or null.</summary>
    public static ManagedResourceCondition? Condition(this ManagedResource value, string type) =>
        (value.Status?.Conditions ?? []).FirstOrDefault(condition => condition.Type == type);

    /// <summary>The resource manager's own words on what is not as it should be, or null when it has none.</summary>
    public static string? ReasonNotReady(this ManagedResource value) =>
        ReasonOf(value, ManagedResourceCondition.ResourcesApplied, "True")
        ?? ReasonOf(value, ManagedResourceCondition.ResourcesHealthy, "True")
        ?? ReasonOf(value, ManagedResourceCondition.ResourcesProgressing, "False");

    private static bool HasStatus(ManagedResource value, string type, string status) => value.Condition(type)?.Status == status;

    private static string? ReasonOf(ManagedResource value, string type, string goodStatus) =>
        value.Condition(type) is { } condition && condition.Status != goodStatus && condition is not { Reason: null, Message: null }
            ? $"{condition.Reason}: {condition.Message}"
            : null;
}
