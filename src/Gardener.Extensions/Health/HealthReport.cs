// SPDX-License-Identifier: Apache-2.0

using Gardener.Extensions.Api;
using Gardener.Extensions.ManagedResources;
using Kubernetes.Controllers.Client;

namespace Gardener.Extensions.Health;

/// <summary>How the ManagedResources of an extension object fare together.</summary>
internal enum HealthState
{
    /// <summary>All are applied and healthy. One that rolls out is healthy: gardenlet sees to rollouts that take too long.</summary>
    Healthy,

    /// <summary>One is not applied or not healthy.</summary>
    Unhealthy,

    /// <summary>
    /// Nothing that gardenlet should hear from an extension: the resource manager has not reported yet, or what it reports is for gardenlet
    /// itself to judge.
    /// </summary>
    Undecided,
}

/// <summary>The health of some ManagedResources and what a person should know of it, in the resource manager's own words.</summary>
/// <param name="State">How they fare.</param>
/// <param name="Message">Names those in trouble.</param>
internal sealed record HealthReport(HealthState State, string Message)
{
    /// <summary>
    /// Reads the conditions of ManagedResources. (Gardener contract 4.6: health of ManagedResources. What they say of an earlier generation
    /// counts as unknown, but for one that cannot be applied: its generation is never observed.)
    /// </summary>
    /// <param name="subject">What they were made for.</param>
    /// <param name="managedResources">Their keys, with what is known of them.</param>
    public static HealthReport Of(string subject, IEnumerable<(ObjectKey Key, ManagedResource? Value)> managedResources)
    {
        var all = managedResources.Select(item => (item.Key.Name, Finding: FindingOf(item.Value))).ToList();
        var state = all.Exists(item => item.Finding.State == HealthState.Unhealthy) ? HealthState.Unhealthy
            : all.Exists(item => item.Finding.State == HealthState.Undecided) ? HealthState.Undecided
            : HealthState.Healthy;

        // Beside a trouble, what is merely slow is of no interest.
        var told = all.Where(item => item.Finding.State == state && item.Finding.Message.Length > 0)
            .Select(item => $"ManagedResource '{item.Name}': {item.Finding.Message}")
            .ToList();
        return new HealthReport(state, told.Count == 0 ? $"{subject}: all objects in the shoot are healthy" : $"{subject}: {string.Join("; ", told)}");
    }

    private static (HealthState State, string Message) FindingOf(ManagedResource? value)
    {
        var applied = value?.Condition(ManagedResourceCondition.ResourcesApplied);
        return value switch
        {
            { Metadata.DeletionTimestamp: null } when applied?.Status == "False" => (HealthState.Unhealthy, Text(applied)),
            { Metadata.DeletionTimestamp: null } when value.IsApplied() => HealthOf(value),
            _ => (HealthState.Undecided, ""),
        };
    }

    private static (HealthState State, string Message) HealthOf(ManagedResource value) =>
        value.Condition(ManagedResourceCondition.ResourcesHealthy) switch
        {
            { Status: "True" } => (HealthState.Healthy, RolloutOf(value)),

            // gardenlet suppresses this where only preserved nodes are concerned, which can be seen in the shoot alone. (Gardener contract 4.6.)
            { Status: "False", Reason: "DaemonSetUnhealthy" } => (HealthState.Undecided, ""),
            { Status: "False" } unhealthy => (HealthState.Unhealthy, Text(unhealthy)),
            _ => (HealthState.Undecided, ""),
        };

    private static string RolloutOf(ManagedResource value) =>
        value.Condition(ManagedResourceCondition.ResourcesProgressing) is { Status: "True" } progressing
            ? $"healthy and still rolling out ({Text(progressing)})"
            : "";

    private static string Text(ManagedResourceCondition condition) => $"{condition.Reason}: {condition.Message}";
}
