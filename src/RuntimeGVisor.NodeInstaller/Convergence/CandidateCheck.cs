// SPDX-License-Identifier: Apache-2.0

using RuntimeGVisor.NodeInstaller.Containerd;
using RuntimeGVisor.NodeInstaller.Containerd.Configuration;

namespace RuntimeGVisor.NodeInstaller.Convergence;

/// <summary>
/// Has the node's own containerd load a configuration with all its imports, and looks whether the handler is in what comes out. Nothing is
/// switched to a configuration, and containerd is not restarted with one, that has not passed this.
/// </summary>
internal sealed class CandidateCheck(ContainerdProcess containerd, NodeLayout layout)
{
    /// <summary>Checks.</summary>
    /// <param name="path">The file: a candidate beside the real one, or the real one.</param>
    /// <param name="entry">The handler that must be served.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="InstallationException">containerd reads another file.</exception>
    /// <exception cref="ContainerdConfigurationException">containerd does not take the file, or something hides the handler.</exception>
    public async Task RunAsync(string path, HandlerEntry entry, CancellationToken cancellationToken)
    {
        var command = await containerd.FindAsync(cancellationToken);
        if (command.ConfigurationFile != layout.ConfigurationFile)
        {
            throw new InstallationException(
                FailureReason.ContainerdConfigurationRejected,
                $"containerd runs with the configuration {command.ConfigurationFile}, not {layout.ConfigurationFile}");
        }

        var main = ContainerdConfigurationFile.Read(await File.ReadAllBytesAsync(path, cancellationToken));
        var effective = await containerd.DumpAsync(path, cancellationToken);
        EffectiveConfiguration.Check(effective, entry, main, layout.ConfigurationFile);
    }
}
