// SPDX-License-Identifier: Apache-2.0

using RuntimeGVisor.NodeInstaller.Containerd;

namespace RuntimeGVisor.NodeInstaller.Convergence;

/// <summary>A verification with what it needs on the node: a copy of this program and a directory.</summary>
internal sealed class ProofRun(NodeInstallation node)
{
    /// <summary>The installer's own verifications.</summary>
    public const string InstallPurpose = "proof";

    /// <summary>Verifications that a person asked for.</summary>
    public const string VerifyPurpose = "verify";

    private readonly HandlerVerification _verification = new(
        node.Client,
        Path.GetDirectoryName(node.Wanted.Containerd.Socket)!,
        (arguments, timeout, cancellationToken) => node.Containerd.RunOnNodeAsync([node.Program.Place(), .. arguments], timeout, cancellationToken),
        node.Time);

    /// <summary>Verifies the handler. The sandbox stays until <see cref="RemoveSandboxAsync"/>, for which nobody has to wait.</summary>
    /// <param name="plan">What the handler should be.</param>
    /// <param name="purpose">Keeps an installer's directory and a person's apart.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="SandboxProofException">No sandbox starts, or it is not gVisor's.</exception>
    public async Task RunAsync(InstallationPlan plan, string purpose, CancellationToken cancellationToken)
    {
        var flags = plan.Flags.ToDictionary(flag => flag.Name, flag => flag.Value, StringComparer.Ordinal);
        var request = new VerificationRequest
        {
            Handler = plan.Entry.Handler,
            ConfigPath = plan.Entry.ConfigPath,
            SystemdCgroup = flags.GetValueOrDefault(Releases.RunscConfigurationFile.SystemdCgroupFlag) == "true",
            Flags = flags,
            Program = node.Program.Place(),
            Directory = Path.Join(node.Wanted.StateDirectory, purpose),
        };
        var result = await _verification.RunAsync(request, cancellationToken);
        if (result.Verdict != Verdict.Passed)
        {
            throw new SandboxProofException(result.Message) { IsNoVerdict = result.Verdict == Verdict.Inconclusive };
        }
    }

    /// <summary>Removes what verifications left.</summary>
    /// <exception cref="VerificationLeftoversException">Something is left.</exception>
    public Task RemoveSandboxAsync() => _verification.RemoveLeftoversAsync(CancellationToken.None);

    /// <summary>Removes the files that verifications left.</summary>
    public void RemoveFiles()
    {
        node.Program.Remove();
        node.Files.DeleteDirectory(Path.Join(node.Wanted.StateDirectory, InstallPurpose));
        node.Files.DeleteDirectory(Path.Join(node.Wanted.StateDirectory, VerifyPurpose));
    }
}

/// <summary>No sandbox starts, or it is not gVisor's.</summary>
internal sealed class SandboxProofException(string message) : Exception(message)
{
    /// <summary>It was not found out, which says nothing of the release.</summary>
    public bool IsNoVerdict { get; init; }
}
