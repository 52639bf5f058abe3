// SPDX-License-Identifier: Apache-2.0

namespace RuntimeGVisor.NodeInstaller.Endpoints;

/// <summary>The current report, written by the installer's loop and read by the endpoints.</summary>
internal sealed class StatusHolder(StatusReport initial, TimeProvider time)
{
    // The longest pass: staging, two restarts of containerd with their waits, and a proof.
    private static readonly TimeSpan LongestPass = TimeSpan.FromMinutes(5);

    private volatile StatusReport _report = initial;
    private long _passStarted;

    public StatusReport Report
    {
        get => _report;
        set => _report = value;
    }

    /// <summary>Whether the loop is alive: not in a pass, or in one that does not last too long.</summary>
    public bool IsAlive => Interlocked.Read(ref _passStarted) is var started && (started == 0 || time.GetElapsedTime(started) < LongestPass);

    public void PassStarted() => Interlocked.Exchange(ref _passStarted, time.GetTimestamp());

    public void PassEnded() => Interlocked.Exchange(ref _passStarted, 0);
}
