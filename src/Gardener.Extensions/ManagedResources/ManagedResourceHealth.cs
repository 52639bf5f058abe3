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

    /// <summary>The objects of the current generation were written, work, and are rolled out.</summary>
    public static bool IsHealthyAndRolledOut(this ManagedResource value) =>
        IsApplied(value)
        && HasStatus(value, ManagedResourceCondition.ResourcesHealthy, "True")
        && HasStatus(value, ManagedResourceCondition.ResourcesProgressing, "False");

    /// <summary>The condition of a type, or null.</summary>
    public static ManagedResourceCondition? Condition(this ManagedResource value, string type) =>
        (value.Status?.Conditions ?? []).FirstOrDefault(condition => condition.Type == type);

    /// <summary>The resource manager's own words on what is not as it should be, or null when it has none.</summary>
    public static string? Complaint(this ManagedResource value) =>
        ComplaintOf(value, ManagedResourceCondition.ResourcesApplied, "True")
        ?? ComplaintOf(value, ManagedResourceCondition.ResourcesHealthy, "True")
        ?? ComplaintOf(value, ManagedResourceCondition.ResourcesProgressing, "False");


    private static bool HasStatus(ManagedResource value, string type, string status) => value.Condition(type)?.Status == status;

    private static string? ComplaintOf(ManagedResource value, string type, string goodStatus) =>
        value.Condition(type) is { } condition && condition.Status != goodStatus && condition is not { Reason: null, Message: null }
            ? $"{condition.Reason}: {condition.Message}"
            : null;
}
