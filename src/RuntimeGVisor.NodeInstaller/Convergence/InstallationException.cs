// SPDX-License-Identifier: Apache-2.0

namespace RuntimeGVisor.NodeInstaller.Convergence;

/// <summary>
/// Why a node is not in the wanted state. The names appear in the status, in metrics and in Events;
/// docs/operations/node-installer.md says of each what to do.
/// </summary>
internal enum FailureReason
{
    /// <summary>Another installer works on this node.</summary>
    OtherInstallerRunning,

    /// <summary>containerd's configuration is missing or empty: it is not written yet.</summary>
    ContainerdConfigurationMissing,

    /// <summary>containerd's configuration is no TOML.</summary>
    ContainerdConfigurationBroken,

    /// <summary>containerd's configuration has a version that this program does not know.</summary>
    ContainerdConfigurationUnknownVersion,

    /// <summary>The handler cannot be edited without touching what belongs to others.</summary>
    ContainerdConfigurationNotEditable,

    /// <summary>An imported file hides the handler.</summary>
    ContainerdConfigurationMasked,

    /// <summary>containerd itself does not take the edited configuration.</summary>
    ContainerdConfigurationRejected,

    /// <summary>Somebody else wrote containerd's configuration at the same time.</summary>
    ContainerdConfigurationChanging,

    /// <summary>systemd cannot be reached or has no such unit.</summary>
    SystemdUnavailable,

    /// <summary>containerd does not answer or is not ready.</summary>
    ContainerdNotReady,

    /// <summary>containerd did not come up with the new configuration.</summary>
    ContainerdRestartFailed,

    /// <summary>containerd came up and does not serve the handler.</summary>
    HandlerNotServed,

    /// <summary>containerd would have to be restarted more often than is allowed.</summary>
    RestartBudgetExhausted,

    /// <summary>The gVisor release in the image is not what it should be.</summary>
    ReleaseInvalid,

    /// <summary>runsc does not take the flags.</summary>
    FlagsRejected,

    /// <summary>No sandbox starts, or it is not gVisor's.</summary>
    SandboxFailed,

    /// <summary>A file cannot be written: full disk, read-only file system, missing mount.</summary>
    StorageFailed,

    /// <summary>Anything that should not happen.</summary>
    Unexpected,
}

/// <summary>The node could not be brought to the wanted state.</summary>
internal sealed class InstallationException(FailureReason reason, string message, Exception? cause = null) : Exception(message, cause)
{
    public FailureReason Reason { get; } = reason;

    /// <summary>Whether an exception only says that somebody gave up; a failure that happens to come at the same time is one nevertheless.</summary>
    public static bool IsCancellation(Exception exception, CancellationToken cancellationToken) =>
        cancellationToken.IsCancellationRequested
        && exception is (OperationCanceledException or Grpc.Core.RpcException { StatusCode: Grpc.Core.StatusCode.Cancelled });

    /// <summary>Gives any exception its reason.</summary>
    public static InstallationException From(Exception exception) => exception switch
    {
        InstallationException known => known,
        Containerd.Configuration.ContainerdConfigurationException edit => new(ReasonOf(edit.Problem), edit.Message, edit),
        Systemd.SystemdException => new(FailureReason.SystemdUnavailable, exception.Message, exception),
        Releases.ReleaseException => new(FailureReason.ReleaseInvalid, exception.Message, exception),
        Releases.FlagsRejectedException => new(FailureReason.FlagsRejected, exception.Message, exception),
        SandboxProofException => new(FailureReason.SandboxFailed, exception.Message, exception),
        Containerd.VerificationLeftoversException => new(FailureReason.ContainerdNotReady, exception.Message, exception),
        Grpc.Core.RpcException call => new(FailureReason.ContainerdNotReady, call.Status.Detail, exception),
        IOException or UnauthorizedAccessException => new(FailureReason.StorageFailed, exception.Message, exception),
        _ => new(FailureReason.Unexpected, $"{exception.GetType().Name}: {exception.Message}", exception),
    };

    private static FailureReason ReasonOf(Containerd.Configuration.ContainerdConfigurationProblem problem) => problem switch
    {
        Containerd.Configuration.ContainerdConfigurationProblem.Empty => FailureReason.ContainerdConfigurationMissing,
        Containerd.Configuration.ContainerdConfigurationProblem.NotToml => FailureReason.ContainerdConfigurationBroken,
        Containerd.Configuration.ContainerdConfigurationProblem.UnknownVersion => FailureReason.ContainerdConfigurationUnknownVersion,
        Containerd.Configuration.ContainerdConfigurationProblem.OutOfReach => FailureReason.ContainerdConfigurationMissing,
        Containerd.Configuration.ContainerdConfigurationProblem.Changing => FailureReason.ContainerdConfigurationChanging,
        Containerd.Configuration.ContainerdConfigurationProblem.Rejected => FailureReason.ContainerdConfigurationRejected,
        Containerd.Configuration.ContainerdConfigurationProblem.Hidden => FailureReason.ContainerdConfigurationMasked,
        _ => FailureReason.ContainerdConfigurationNotEditable,
    };
}
