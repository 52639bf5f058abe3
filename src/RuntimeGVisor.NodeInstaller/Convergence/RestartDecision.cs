// SPDX-License-Identifier: Apache-2.0

namespace RuntimeGVisor.NodeInstaller.Convergence;

/// <summary>Whether containerd is restarted.</summary>
internal enum RestartDecision
{
    /// <summary>It serves the handler as desired.</summary>
    NotNeeded,

    /// <summary>It is restarted, if its configuration would have it serve the handler and the budget allows it.</summary>
    Restart,

    /// <summary>It does not serve, and that is not our doing or is being mended by somebody: it is waited for.</summary>
    Wait,
}
