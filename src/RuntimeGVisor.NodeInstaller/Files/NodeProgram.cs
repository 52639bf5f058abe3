// SPDX-License-Identifier: Apache-2.0

namespace RuntimeGVisor.NodeInstaller.Files;

/// <summary>A copy of this program on the node, for what must run outside of the installer's container: in a sandbox, or among the node's processes.</summary>
internal sealed class NodeProgram(string stateDirectory)
{
    private const int BlockLength = 256 * 1024;

    // What was compared is compared again only when it has changed.
    private FileStamp? _compared;

    private static string ThisProgram => Environment.ProcessPath ?? throw new InvalidOperationException("the path of this program is not known");

    /// <summary>Where the copy lies.</summary>
    public string Path { get; } = System.IO.Path.Join(stateDirectory, "gvisor-node-installer");

    /// <summary>Makes sure that the copy is there and is this very program.</summary>
    /// <returns>Its path.</returns>
    public string Place()
    {
        if (_compared is null || LibC.FindStamp(Path) != _compared)
        {
            if (!IsThisProgram())
            {
                var temporary = NodeFiles.TemporaryNameOf(Path);
                NodeFiles.Delete(temporary);
                NodeFiles.CopyExecutable(ThisProgram, temporary);
                NodeFiles.Commit(Path);
            }

            _compared = LibC.FindStamp(Path);
        }

        return Path;
    }

    // By content: an older copy may be as long, and the times in images are those of commits.
    private bool IsThisProgram()
    {
        if (!File.Exists(Path) || new FileInfo(Path).Length != new FileInfo(ThisProgram).Length)
        {
            return false;
        }

        var options = new FileStreamOptions { Access = FileAccess.Read, BufferSize = 0, Options = FileOptions.SequentialScan };
        using var copy = new FileStream(Path, options);
        using var original = new FileStream(ThisProgram, options);
        var (copied, expected) = (new byte[BlockLength], new byte[BlockLength]);
        while (original.ReadAtLeast(expected, BlockLength, throwOnEndOfStream: false) is > 0 and var length)
        {
            if (copy.ReadAtLeast(copied, length, throwOnEndOfStream: false) < length || !copied.AsSpan(0, length).SequenceEqual(expected.AsSpan(0, length)))
            {
                return false;
            }
        }

        return true;
    }
}
