// SPDX-License-Identifier: Apache-2.0

namespace RuntimeGVisor.NodeInstaller.Convergence;

/// <summary>How often containerd may be restarted: each restart cuts off exec sessions and logs of the whole node.</summary>
internal static class RestartBudget
{
    private static readonly TimeSpan Window = TimeSpan.FromHours(1);

    /// <summary>The restarts that still count.</summary>
    public static IReadOnlyList<DateTimeOffset> Recent(IReadOnlyList<DateTimeOffset> restarts, DateTimeOffset now) =>
        [.. restarts.Where(restart => restart <= now && now - restart < Window)];

    /// <summary>When the next restart is allowed: at once, or when the oldest one that counts is an hour ago.</summary>
    public static DateTimeOffset NextAllowed(IReadOnlyList<DateTimeOffset> restarts, int maximum, DateTimeOffset now)
    {
        var recent = Recent(restarts, now);
        return recent.Count < maximum ? now : recent[recent.Count - maximum] + Window;
    }
}
