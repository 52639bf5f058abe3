// SPDX-License-Identifier: Apache-2.0

namespace RuntimeGVisor.NodeInstaller.Convergence;

/// <summary>How long to wait after a failed reconcile.</summary>
internal static class RetryDelay
{
    private static readonly TimeSpan Waiting = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan First = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan Max = TimeSpan.FromMinutes(15);

    /// <summary>
    /// The wait before the next attempt: short while something is only not there yet, doubling from 15 s to 15 min for what failed.
    /// </summary>
    /// <param name="reason">Why the reconcile failed.</param>
    /// <param name="attempts">Reconciles in a row that failed for this reason; at least 1.</param>
    public static TimeSpan After(FailureReason reason, int attempts) => reason switch
    {
        FailureReason.ContainerdConfigurationMissing or FailureReason.ContainerdConfigurationChanging
            or FailureReason.ContainerdNotReady or FailureReason.SystemdUnavailable or FailureReason.UninstallationPending => Waiting,
        _ => TimeSpan.FromTicks(Math.Min(Max.Ticks, First.Ticks << Math.Min(attempts - 1, 10))),
    };
}
