// SPDX-License-Identifier: Apache-2.0

namespace RuntimeGVisor.NodeInstaller.Files;

/// <summary>
/// Every change to a file on the node goes through here. A file is replaced by writing beside it, flushing, renaming and flushing the
/// directory: a reader, a crash or a full disk sees the old content or the new, never a part.
/// </summary>
internal static class NodeFiles
{
    /// <summary>Mode of every executable on the node.</summary>
    public const UnixFileMode ExecutableMode =
        FileMode | UnixFileMode.UserExecute | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute;

    private const UnixFileMode FileMode =
        UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.OtherRead;

    private const string TemporarySuffix = ".gvisor-node-installer.tmp";

    /// <summary>Name of the file beside another under which its next content is prepared.</summary>
    public static string TemporaryNameOf(string path) => Path.Join(Path.GetDirectoryName(path), $".{Path.GetFileName(path)}{TemporarySuffix}");

    /// <summary>Creates a directory and those above it.</summary>
    public static void CreateDirectory(string path)
    {
        if (!Directory.Exists(path))
        {
            Directory.CreateDirectory(path, ExecutableMode);
            LibC.FlushDirectory(Path.GetDirectoryName(path)!);
        }
    }

    /// <summary>Writes the next content of a file beside it; mode and owner are the file's, if it exists.</summary>
    /// <returns>The path of the prepared file.</returns>
    public static string Prepare(string path, ReadOnlySpan<byte> content)
    {
        var temporary = TemporaryNameOf(path);
        File.Delete(temporary);
        using (var file = new FileStream(
            temporary, new FileStreamOptions { Mode = System.IO.FileMode.CreateNew, Access = FileAccess.Write, UnixCreateMode = FileMode, BufferSize = 0 }))
        {
            if (File.Exists(path))
            {
                File.SetUnixFileMode(file.SafeFileHandle, File.GetUnixFileMode(path));
                KeepOwner(path, temporary);
            }

            file.Write(content);
            file.Flush(flushToDisk: true);
        }
        return temporary;
    }

    // Without CAP_CHOWN no owner can be given. A group alone does no harm: containerd and all that write the file are root.
    private static void KeepOwner(string path, string temporary)
    {
        var owner = LibC.OwnerOf(path);
        var own = LibC.OwnerOf(temporary);
        if (owner == own || LibC.TryChangeOwner(temporary, owner.User, owner.Group) || owner.User == own.User)
        {
            return;
        }

        throw new IOException(
            $"{path} belongs to user {owner.User}, who would lose it to user {own.User}: give the file to user {own.User}, or the installer CAP_CHOWN");
    }

    /// <summary>Puts a prepared file into its place.</summary>
    public static void Commit(string path)
    {
        LibC.Rename(TemporaryNameOf(path), path);
        LibC.FlushDirectory(Path.GetDirectoryName(path)!);
    }

    /// <summary>Removes a prepared file that is not wanted after all.</summary>
    public static void Discard(string path) => Delete(TemporaryNameOf(path));

    /// <summary>Replaces a file's content.</summary>
    public static void Write(string path, ReadOnlySpan<byte> content)
    {
        Prepare(path, content);
        Commit(path);
    }

    /// <summary>Copies an executable into a new file.</summary>
    /// <returns>The SHA-512 of what was written.</returns>
    public static string CopyExecutable(string source, string target)
    {
        using var from = new FileStream(source, new FileStreamOptions { Access = FileAccess.Read, BufferSize = 0 });
        using var to = new FileStream(
            target,
            new FileStreamOptions { Mode = System.IO.FileMode.CreateNew, Access = FileAccess.Write, UnixCreateMode = ExecutableMode, BufferSize = 0 });
        File.SetUnixFileMode(to.SafeFileHandle, ExecutableMode);
        var checksum = Checksum.Sha512(from, to);
        to.Flush(flushToDisk: true);
        return checksum;
    }

    /// <summary>Moves a complete directory to its final name.</summary>
    public static void MoveDirectory(string source, string target)
    {
        foreach (var directory in Directory.EnumerateDirectories(source, "*", SearchOption.AllDirectories).Append(source))
        {
            LibC.FlushDirectory(directory);
        }

        LibC.Rename(source, target);
        LibC.FlushDirectory(Path.GetDirectoryName(target)!);
    }

    /// <summary>Points a symbolic link, which may be a plain file or missing before, to a target: there is never a moment without it.</summary>
    public static void Link(string path, string target)
    {
        var temporary = TemporaryNameOf(path);
        File.Delete(temporary);
        File.CreateSymbolicLink(temporary, target);
        LibC.Rename(temporary, path);
        LibC.FlushDirectory(Path.GetDirectoryName(path)!);
    }

    /// <summary>Removes a file or a symbolic link, if there is one.</summary>
    public static void Delete(string path)
    {
        if (LibC.FindStamp(path) is not null)
        {
            File.Delete(path);
            LibC.FlushDirectory(Path.GetDirectoryName(path)!);
        }
    }

    /// <summary>Removes a directory with its content, if there is one.</summary>
    public static void DeleteDirectory(string path)
    {
        if (Directory.Exists(path))
        {
            Directory.Delete(path, recursive: true);
            LibC.FlushDirectory(Path.GetDirectoryName(path)!);
        }
    }

    /// <summary>Removes whatever has a name: a file, a link, or a directory with its content.</summary>
    public static void Remove(string path)
    {
        DeleteDirectory(path);
        Delete(path);
    }
}
