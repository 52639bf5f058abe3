// SPDX-License-Identifier: Apache-2.0

namespace RuntimeGVisor.NodeInstaller.Containerd;

/// <summary>The end of a verification.</summary>
/// <param name="Verdict">What it says of the handler.</param>
/// <param name="Message">Why, for people; empty when it passed.</param>
internal sealed record VerificationResult(Verdict Verdict, string Message)
{
    public static VerificationResult Passed { get; } = new(Verdict.Passed, "");

    public static VerificationResult Failed(string message) => new(Verdict.Failed, message);

    public static VerificationResult Inconclusive(string message) => new(Verdict.Inconclusive, message);
}
