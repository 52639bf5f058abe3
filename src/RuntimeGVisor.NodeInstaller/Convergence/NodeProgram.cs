// SPDX-License-Identifier: Apache-2.0

using RuntimeGVisor.NodeConfiguration;
using RuntimeGVisor.NodeInstaller.Files;

namespace RuntimeGVisor.NodeInstaller.Convergence;

/// <summary>A copy of this program on the node, for what must run outside of the installer's container: in a sandbox, or among the node's processes.</summary>
internal sealed class NodeProgram(NodeInstallerConfiguration wanted, NodeFiles files)
{
    private readonly string _path = Path.Join(wanted.StateDirectory, "gvisor-node-installer");

    private static string ThisProgram => Environment.ProcessPath ?? throw new InvalidOperationException("the path of this program is not known");

    // The copy is as long, and was written after this program was built.
    private bool IsThisProgram =>
        new FileInfo(_path) is { Exists: true } file
        && new FileInfo(ThisProgram) is var source
        && file.Length == source.Length
        && file.LastWriteTimeUtc >= source.LastWriteTimeUtc;

    /// <summary>Makes sure that the copy is there.</summary>
    /// <returns>Its path.</returns>
    public string Place()
    {
        if (!IsThisProgram)
        {
            var temporary = NodeFiles.TemporaryNameOf(_path);
            files.Delete(temporary);
            files.CopyExecutable(ThisProgram, temporary);
            files.Commit(_path);
        }

        return _path;
    }

    public void Remove() => files.Delete(_path);
}
