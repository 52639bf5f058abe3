// SPDX-License-Identifier: Apache-2.0

namespace RuntimeGVisor.NodeInstaller.Convergence;

/// <summary>
/// The steps of a reconcile, in their order. The installer may be killed after any of them: what a file refers to is complete before the file,
/// and the file before the restart that reads it. Before them the node is observed and the plan is made.
/// </summary>
internal enum StepName
{
    /// <summary>Copies the release and writes runsc's configuration beside it; keeps what another installer had as a release to go back to.</summary>
    Stage,

    /// <summary>Has that runsc boot a sandbox with these flags.</summary>
    TryFlags,

    /// <summary>Enters the handler in containerd's configuration, once containerd itself has shown that it takes it.</summary>
    EditConfiguration,

    /// <summary>Points the names on containerd's PATH to the release.</summary>
    SwitchLinks,

    /// <summary>Restarts containerd and waits until it serves the handler.</summary>
    Restart,

    /// <summary>Starts a sandbox with the handler.</summary>
    Verify,

    /// <summary>Takes the name runsc, which no sandbox of another installer uses any more.</summary>
    LinkRunsc,

    /// <summary>Writes down what is verified.</summary>
    Record,

    /// <summary>Removes releases and configurations that nothing has used for an hour.</summary>
    Prune,
}
