// SPDX-License-Identifier: Apache-2.0

namespace RuntimeGVisor.NodeInstaller.Convergence;

/// <summary>
/// Why a node is not in the desired state. The names appear in the status and in metrics; docs/operations/node-installer.md says of each what
/// to do.
/// </summary>
internal enum FailureReason
{
    /// <summary>Another installer works on this node.</summary>
    OtherInstallerRunning,

    /// <summary>containerd's configuration is missing or empty: it is not written yet.</summary>
    ContainerdConfigurationMissing,

    /// <summary>containerd's configuration is not valid TOML.</summary>
    ContainerdConfigurationBroken,

    /// <summary>containerd's configuration has a version that this program does not know.</summary>
    ContainerdConfigurationUnknownVersion,

    /// <summary>The handler cannot be edited without touching what belongs to others.</summary>
    ContainerdConfigurationNotEditable,

    /// <summary>An imported file hides the handler.</summary>
    ContainerdConfigurationMasked,

    /// <summary>containerd itself does not take the configuration.</summary>
    ContainerdConfigurationRejected,

    /// <summary>Somebody else wrote containerd's configuration at the same time.</summary>
    ContainerdConfigurationChanging,

    /// <summary>systemd cannot be reached or has no such unit.</summary>
    SystemdUnavailable,

    /// <summary>containerd does not answer, or is starting.</summary>
    ContainerdNotReady,

    /// <summary>containerd did not come up with the new configuration.</summary>
    ContainerdRestartFailed,

    /// <summary>containerd came up and does not serve the handler.</summary>
    HandlerNotServed,

    /// <summary>containerd would have to be restarted more often than is allowed.</summary>
    RestartBudgetExhausted,

    /// <summary>The gVisor release in the image is not what it should be.</summary>
    ReleaseInvalid,

    /// <summary>runsc boots no sandbox with these flags on this node.</summary>
    RunscFailed,

    /// <summary>No sandbox starts with the handler, or it is not gVisor's.</summary>
    SandboxFailed,

    /// <summary>Whether sandboxes start could not be found out, which says nothing of the release.</summary>
    VerificationInconclusive,

    /// <summary>A first look has found no sandbox; files go after a second one.</summary>
    UninstallationPending,

    /// <summary>A file cannot be written: full disk, read-only file system, missing mount.</summary>
    StorageFailed,

    /// <summary>Anything that should not happen.</summary>
    Unexpected,
}
