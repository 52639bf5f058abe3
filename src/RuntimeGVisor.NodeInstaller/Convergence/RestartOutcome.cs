// SPDX-License-Identifier: Apache-2.0

namespace RuntimeGVisor.NodeInstaller.Convergence;

/// <summary>How a restart of containerd ended.</summary>
internal enum RestartOutcome
{
    /// <summary>containerd serves the handler.</summary>
    Serves,

    /// <summary>containerd is up and does not serve the handler, or its CRI does not answer.</summary>
    DoesNotServe,

    /// <summary>containerd did not start.</summary>
    Failed,

    /// <summary>containerd is still starting, which is no failure.</summary>
    Starting,
}
