// SPDX-License-Identifier: Apache-2.0

using RuntimeGVisor.NodeInstaller.Containerd;

namespace RuntimeGVisor.NodeInstaller.Convergence;

/// <summary>A proof with what it needs on the node: a copy of this program and a directory for its output.</summary>
internal sealed class ProofRun(NodeInstallation node)
{
    /// <summary>Proves the handler. The sandbox stays until <see cref="RemoveSandboxAsync"/>, for which nobody has to wait.</summary>
    /// <param name="purpose">Keeps an installer's proof and a person's apart.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="SandboxProofException">No sandbox starts, or it is not gVisor's.</exception>
    public async Task RunAsync(string purpose, CancellationToken cancellationToken)
    {
        var program = node.Program.Place();
        var logs = Path.Join(node.Wanted.StateDirectory, purpose);
        node.Files.DeleteDirectory(logs);
        node.Files.CreateDirectory(logs);
        try
        {
            await new SandboxProof(node.Client, node.Time).RunAsync(node.Wanted.Handler, purpose, program, logs, cancellationToken);
        }
        finally
        {
            node.Files.DeleteDirectory(logs);
        }
    }

    /// <summary>Removes the sandboxes of such proofs.</summary>
    /// <param name="purpose">That of the proofs.</param>
    /// <exception cref="SandboxProofException">They cannot be listed.</exception>
    public Task RemoveSandboxAsync(string purpose) =>
        // Also when the caller has given up: a sandbox left behind would count as one that uses gVisor.
        new SandboxProof(node.Client, node.Time).RemoveAllAsync(purpose, CancellationToken.None);

    /// <summary>Removes the files that proofs left.</summary>
    public void RemoveFiles()
    {
        node.Program.Remove();
        node.Files.DeleteDirectory(Path.Join(node.Wanted.StateDirectory, SandboxProof.InstallPurpose));
        node.Files.DeleteDirectory(Path.Join(node.Wanted.StateDirectory, SandboxProof.VerifyPurpose));
    }
}
