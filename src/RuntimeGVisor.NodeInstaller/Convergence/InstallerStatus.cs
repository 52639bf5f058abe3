// SPDX-License-Identifier: Apache-2.0

namespace RuntimeGVisor.NodeInstaller.Convergence;

/// <summary>The current report, written by the loop and read by the endpoints.</summary>
internal sealed class InstallerStatus(StatusReport initial, TimeProvider time)
{
    // The longest reconcile: staging, two slow starts of containerd, a verification.
    private static readonly TimeSpan MaxReconcile = TimeSpan.FromMinutes(15);

    private volatile StatusReport _report = initial;
    private long _started;

    public StatusReport Report
    {
        get => _report;
        set => _report = value;
    }

    /// <summary>Whether the loop is alive: between two reconciles, or in one that does not last too long.</summary>
    public bool IsAlive => Interlocked.Read(ref _started) is var started && (started == 0 || time.GetElapsedTime(started) < MaxReconcile);

    public void ReconcileStarted() => Interlocked.Exchange(ref _started, time.GetTimestamp());

    public void ReconcileEnded() => Interlocked.Exchange(ref _started, 0);
}
