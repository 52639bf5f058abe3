// SPDX-License-Identifier: Apache-2.0

using System.Globalization;
using k8s.Models;

namespace ResourceManager;

/// <summary>When Gardener takes a DaemonSet for healthy and for rolled out (Gardener contract 4.7). Pure functions of what the object says.</summary>
internal static class DaemonSetHealth
{
    private const string SkipHealthCheck = "resources.gardener.cloud/skip-health-check";

    /// <summary>What is wrong with a DaemonSet; null for nothing.</summary>
    public static string? Fault(V1DaemonSet value)
    {
        var status = value.Status ?? new();
        var scheduled = status.CurrentNumberScheduled;
        var unavailable = status.NumberUnavailable.GetValueOrDefault();
        var tolerated = ToleratedUnavailable(value);
        return status switch
        {
            _ when HasOptedOut(value) => null,
            _ when IsUnobserved(value) => Unobserved(value),
            _ when scheduled < status.DesiredNumberScheduled => $"not enough scheduled pods ({scheduled}/{status.DesiredNumberScheduled})",
            _ when status.NumberMisscheduled > 0 => $"misscheduled pods found ({status.NumberMisscheduled})",
            _ when unavailable > tolerated && IsRollingOut(value) =>
                $"too many unavailable pods found ({unavailable}/{scheduled}, only max. {tolerated} unavailable pods allowed)",
            _ when unavailable > tolerated => $"too many unavailable pods found ({unavailable}/{scheduled})",
            _ => null,
        };
    }

    /// <summary>What is under way; null for nothing. A DaemonSet whose last pods were made but are not ready is rolled out.</summary>
    public static string? Progress(V1DaemonSet value) => value switch
    {
        _ when HasOptedOut(value) => null,
        _ when IsUnobserved(value) => Unobserved(value),
        _ when IsRollingOut(value) =>
            $"{value.Status.UpdatedNumberScheduled.GetValueOrDefault()} of {value.Status.DesiredNumberScheduled} replica(s) have been updated",
        _ => null,
    };

    /// <summary>
    /// gardenlet makes nothing of a fault that comes from pods on preserved nodes alone: without them no more are unavailable than are tolerated.
    /// </summary>
    /// <param name="value">A DaemonSet with a <see cref="Fault"/>.</param>
    /// <param name="unreadyOnPreservedNodes">How many pods that its selector matches are not ready on preserved nodes.</param>
    public static bool IsSuppressed(V1DaemonSet value, int unreadyOnPreservedNodes) =>
        (value.Status?.NumberUnavailable).GetValueOrDefault() - unreadyOnPreservedNodes <= ToleratedUnavailable(value);

    private static bool HasOptedOut(V1DaemonSet value) =>
        value.Metadata.Annotations is { } annotations && annotations.TryGetValue(SkipHealthCheck, out var text) && text == "true";

    private static bool IsUnobserved(V1DaemonSet value) => (value.Status?.ObservedGeneration).GetValueOrDefault() < value.Metadata.Generation;

    private static string Unobserved(V1DaemonSet value) =>
        $"observed generation outdated ({(value.Status?.ObservedGeneration).GetValueOrDefault()}/{value.Metadata.Generation})";

    private static bool IsRollingOut(V1DaemonSet value) =>
        (value.Status?.UpdatedNumberScheduled).GetValueOrDefault() < (value.Status?.DesiredNumberScheduled).GetValueOrDefault();

    /// <summary>None but during a rollout; then the bound of the rollout, of which a percentage is rounded down.</summary>
    private static int ToleratedUnavailable(V1DaemonSet value)
    {
        if (!IsRollingOut(value) || value.Spec.UpdateStrategy is not { Type: "RollingUpdate", RollingUpdate.MaxUnavailable.Value: { } text })
        {
            return 0;
        }

        return text.EndsWith('%')
            ? (int)((long)value.Status.DesiredNumberScheduled * int.Parse(text[..^1], CultureInfo.InvariantCulture) / 100)
            : int.Parse(text, CultureInfo.InvariantCulture);
    }
}
