// SPDX-License-Identifier: Apache-2.0

using k8s.Models;

namespace ResourceManager;

/// <summary>When gardener-resource-manager takes a DaemonSet for healthy and for rolled out (Gardener contract 4.7).</summary>
internal static class DaemonSetHealth
{
    /// <summary>What is wrong; null for nothing.</summary>
    public static string? Complaint(ObjectReference reference, V1DaemonSet? value)
    {
        if (value?.Status is not { } status)
        {
            return $"{reference} not found";
        }

        var unavailable = status.NumberUnavailable ?? 0;
        var allowed = status.UpdatedNumberScheduled.GetValueOrDefault() < status.DesiredNumberScheduled ? MaxUnavailable(value) : 0;
        return (status, unavailable) switch
        {
            _ when status.ObservedGeneration != value.Metadata.Generation => $"{reference}: observed generation outdated",
            _ when status.CurrentNumberScheduled < status.DesiredNumberScheduled =>
                $"{reference}: not enough scheduled pods ({status.CurrentNumberScheduled}/{status.DesiredNumberScheduled})",
            _ when status.NumberMisscheduled > 0 => $"{reference}: misscheduled pods ({status.NumberMisscheduled})",
            _ when unavailable > allowed => $"{reference}: too many unavailable pods ({unavailable}/{status.DesiredNumberScheduled}, at most {allowed})",
            _ => null,
        };
    }

    /// <summary>What is under way; null for nothing.</summary>
    public static string? Progress(ObjectReference reference, V1DaemonSet? value) => value?.Status switch
    {
        null => null,
        var status when status.ObservedGeneration != value.Metadata.Generation => $"{reference}: observed generation outdated",
        var status when status.UpdatedNumberScheduled.GetValueOrDefault() < status.DesiredNumberScheduled =>
            $"{reference}: {status.UpdatedNumberScheduled.GetValueOrDefault()} of {status.DesiredNumberScheduled} pods updated",
        _ => null,
    };

    private static int MaxUnavailable(V1DaemonSet value)
    {
        var text = value.Spec.UpdateStrategy?.RollingUpdate?.MaxUnavailable?.Value ?? "1";
        return text.EndsWith('%') ? (int)Math.Ceiling(value.Status.DesiredNumberScheduled * int.Parse(text[..^1]) / 100.0) : int.Parse(text);
    }
}
