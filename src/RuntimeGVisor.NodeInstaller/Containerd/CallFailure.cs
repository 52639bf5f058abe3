// SPDX-License-Identifier: Apache-2.0

using Grpc.Core;

namespace RuntimeGVisor.NodeInstaller.Containerd;

/// <summary>Tells what a call to containerd that failed says of the release whose sandbox it was about.</summary>
internal static class CallFailure
{
    // containerd gives what it cannot classify, such as the errors of shims and of the kernel, as Unknown with a text.
    private static readonly string[] PassingTexts =
    [
        "context deadline exceeded",
        "context canceled",
        "no space left on device",
        "disk quota exceeded",
        "cannot allocate memory",
        "too many open files",
        "resource temporarily unavailable",
        "connection reset by peer",
        "transport is closing",
        "i/o timeout",
    ];

    /// <summary>Judges it.</summary>
    /// <param name="status">How the call ended.</param>
    /// <param name="step">What was under way.</param>
    public static VerificationResult Judge(Status status, string step) =>
        IsPassing(status)
            ? VerificationResult.Inconclusive($"{step}: {status.StatusCode} {status.Detail}".TrimEnd())
            : VerificationResult.Failed(Explain(status.Detail));

    private static bool IsPassing(Status status) =>
        status.DebugException is not null
        || status.StatusCode is StatusCode.Unavailable
            or StatusCode.Cancelled
            or StatusCode.DeadlineExceeded
            or StatusCode.ResourceExhausted
            or StatusCode.Aborted
            // Somebody else removed the sandbox.
            or StatusCode.NotFound
        || PassingTexts.Any(text => status.Detail.Contains(text, StringComparison.OrdinalIgnoreCase));

    private static string Explain(string detail) => detail.Contains("not installed", StringComparison.Ordinal)
        ? $"containerd does not find the shim; the binary directory must be on the PATH of its service: {detail}"
        : $"the sandbox does not start: {detail}";
}
