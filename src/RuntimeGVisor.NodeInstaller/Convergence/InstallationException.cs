// SPDX-License-Identifier: Apache-2.0

using Grpc.Core;
using RuntimeGVisor.NodeInstaller.Containerd;
using RuntimeGVisor.NodeInstaller.Containerd.Configuration;
using RuntimeGVisor.NodeInstaller.Releases;
using RuntimeGVisor.NodeInstaller.Systemd;

namespace RuntimeGVisor.NodeInstaller.Convergence;

/// <summary>The node could not be brought to the desired state.</summary>
internal sealed class InstallationException(FailureReason reason, string message, Exception? cause = null) : Exception(message, cause)
{
    public FailureReason Reason { get; } = reason;

    /// <summary>Whether an exception only says that somebody gave up; a failure that happens to come at the same time is one nevertheless.</summary>
    public static bool IsCancellation(Exception exception, CancellationToken cancellationToken) =>
        cancellationToken.IsCancellationRequested
        && exception is (OperationCanceledException or RpcException { StatusCode: StatusCode.Cancelled });

    /// <summary>Gives any exception its reason.</summary>
    public static InstallationException From(Exception exception) => exception switch
    {
        InstallationException known => known,
        ContainerdConfigurationException edit => new(ReasonOf(edit.Problem), edit.Message, edit),
        SystemdException => new(FailureReason.SystemdUnavailable, exception.Message, exception),
        ReleaseException => new(FailureReason.ReleaseInvalid, exception.Message, exception),
        VerificationLeftoversException => new(FailureReason.ContainerdNotReady, exception.Message, exception),
        RpcException call => new(FailureReason.ContainerdNotReady, call.Status.Detail, exception),
        IOException or UnauthorizedAccessException => new(FailureReason.StorageFailed, exception.Message, exception),
        _ => new(FailureReason.Unexpected, $"{exception.GetType().Name}: {exception.Message}", exception),
    };

    private static FailureReason ReasonOf(ContainerdConfigurationProblem problem) => problem switch
    {
        ContainerdConfigurationProblem.Empty => FailureReason.ContainerdConfigurationMissing,
        ContainerdConfigurationProblem.NotToml => FailureReason.ContainerdConfigurationBroken,
        ContainerdConfigurationProblem.UnknownVersion => FailureReason.ContainerdConfigurationUnknownVersion,
        ContainerdConfigurationProblem.Changing => FailureReason.ContainerdConfigurationChanging,
        ContainerdConfigurationProblem.Rejected => FailureReason.ContainerdConfigurationRejected,
        ContainerdConfigurationProblem.Hidden => FailureReason.ContainerdConfigurationMasked,
        ContainerdConfigurationProblem.OutOfReach => FailureReason.ContainerdConfigurationMissing,
        _ => FailureReason.ContainerdConfigurationNotEditable,
    };
}
