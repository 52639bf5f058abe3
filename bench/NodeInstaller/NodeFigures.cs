// SPDX-License-Identifier: Apache-2.0

namespace NodeInstaller;

/// <summary>What one run has measured: the script and the installer on a fresh node each, then the installer on the node that it left.</summary>
internal sealed record NodeFigures
{
    public required Outcome Script { get; init; }

    public required Outcome Installer { get; init; }

    /// <summary>From the start until the installer is ready, with the sandbox's proof.</summary>
    public required TimeSpan Ready { get; init; }

    /// <summary>Resident memory of the installer that has done this and waits, in bytes.</summary>
    public required long IdleMemory { get; init; }

    /// <summary>The most it ever had, in bytes.</summary>
    public required long PeakMemory { get; init; }

    /// <summary>Whether containerd is another process after the installer has started on the installed node.</summary>
    public required bool UnchangedRestart { get; init; }

    /// <summary>CPU that an installer takes to find nothing to do.</summary>
    public required TimeSpan UnchangedCpu { get; init; }

    /// <summary>How long it takes until it says so.</summary>
    public required TimeSpan UnchangedReady { get; init; }

    /// <summary>What a pod of one container takes in gVisor on this node, started through the CRI without the installer.</summary>
    public required TimeSpan Pod { get; init; }
}

/// <summary>What happened to containerd.</summary>
/// <param name="Serving">From the start of the program until containerd served the handler.</param>
/// <param name="Outage">From containerd's last answer before its restart to the first one after it.</param>
internal sealed record Outcome(TimeSpan Serving, TimeSpan Outage);
