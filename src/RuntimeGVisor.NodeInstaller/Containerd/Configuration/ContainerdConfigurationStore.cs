// SPDX-License-Identifier: Apache-2.0

using System.Text;
using RuntimeGVisor.NodeInstaller.Files;

namespace RuntimeGVisor.NodeInstaller.Containerd.Configuration;

/// <summary>
/// containerd's main configuration file, which gardener-node-agent and others write as well: neither in one step nor under a lock. It is read
/// and edited here only, for installation, rollback and uninstallation.
/// </summary>
/// <param name="path">The file, or a link to it: the link stays.</param>
/// <param name="dump">
/// What <c>containerd config dump</c> makes of the present file; asked only about a file without <c>version</c>, where it decides which table
/// names count.
/// </param>
/// <param name="time">Measures.</param>
internal sealed class ContainerdConfigurationStore(
    string path, Func<CancellationToken, Task<ContainerdConfigurationFile>> dump, TimeProvider time)
{
    /// <summary>How often an edit is begun anew because somebody else wrote the file meanwhile.</summary>
    public const int MaxAttempts = 5;

    // Others truncate the file and write it in pieces: what was written this short a while ago may be a part of the whole.
    private static readonly TimeSpan Quiet = TimeSpan.FromMilliseconds(200);

    /// <summary>Reads the file as the node's containerd does.</summary>
    /// <exception cref="ContainerdConfigurationException">There is no file, it is empty, no TOML, of an unknown version, or out of reach.</exception>
    public async Task<ContainerdConfigurationFile> ReadAsync(CancellationToken cancellationToken) =>
        await ReadAsync(await ReadBytesAsync(FindTarget(), cancellationToken), cancellationToken);

    /// <summary>Changes the file: reads, edits, has the candidate checked, compares again and renames.</summary>
    /// <param name="edit">Makes the new text of what was read; may be called several times.</param>
    /// <param name="check">Judges the candidate, a file beside the real one, and throws if it must not come into its place; null takes any.</param>
    /// <param name="cancellationToken">Gives up; the file is then as it was.</param>
    /// <returns>Whether the file was changed; false when the edit changes nothing.</returns>
    /// <exception cref="ContainerdConfigurationException">As for reading; or the edit refuses; or others go on writing.</exception>
    /// <exception cref="IOException">The file cannot be written, or its owner cannot be kept.</exception>
    public async Task<bool> EditAsync(
        Func<ContainerdConfigurationFile, string> edit, Func<string, CancellationToken, Task>? check, CancellationToken cancellationToken)
    {
        for (var attempt = 0; attempt < MaxAttempts; attempt++)
        {
            var target = FindTarget();
            var content = await ReadBytesAsync(target, cancellationToken);
            var file = await ReadAsync(content, cancellationToken);
            var text = edit(file);
            if (text == file.Document.Text)
            {
                return false;
            }

            try
            {
                var candidate = NodeFiles.Prepare(target, Encoding.UTF8.GetBytes(text));
                if (check is not null)
                {
                    await check(candidate, cancellationToken);
                }

                if (FindTarget() == target && (await ReadBytesAsync(target, cancellationToken)).AsSpan().SequenceEqual(content))
                {
                    NodeFiles.Commit(target);
                    return true;
                }
            }
            finally
            {
                NodeFiles.Discard(target);
            }
        }

        throw new ContainerdConfigurationException(
            ContainerdConfigurationProblem.Changing, $"{path} was written by somebody else {MaxAttempts} times while it was being edited");
    }

    private async Task<ContainerdConfigurationFile> ReadAsync(byte[] content, CancellationToken cancellationToken)
    {
        ContainerdConfigurationFile file;
        try
        {
            file = ContainerdConfigurationFile.Read(content);
        }
        catch (ContainerdConfigurationException exception)
        {
            throw new ContainerdConfigurationException(exception.Problem, $"{path}: {exception.Message}");
        }

        return file.HasVersion ? file : file.ReadLike(await dump(cancellationToken));
    }

    private async Task<byte[]> ReadBytesAsync(string target, CancellationToken cancellationToken)
    {
        for (var attempt = 0; attempt < MaxAttempts; attempt++)
        {
            var age = time.GetUtcNow().UtcDateTime - File.GetLastWriteTimeUtc(target);
            if (age < TimeSpan.Zero || age >= Quiet)
            {
                break;
            }

            await Task.Delay(Quiet - age, time, cancellationToken);
        }

        try
        {
            return await File.ReadAllBytesAsync(target, cancellationToken);
        }
        catch (Exception exception) when (exception is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new ContainerdConfigurationException(ContainerdConfigurationProblem.Empty, $"there is no {path} (yet)");
        }
    }

    // Links may follow each other; what counts is the file at the end.
    private string FindTarget()
    {
        if (new FileInfo(path).LinkTarget is null)
        {
            return path;
        }

        var target = File.ResolveLinkTarget(path, returnFinalTarget: true)!.FullName;
        return File.Exists(target)
            ? target
            : throw new ContainerdConfigurationException(
                ContainerdConfigurationProblem.OutOfReach,
                $"{path} is a link to {target}, which is not there or not mounted into the installer: "
                + $"let the link's target lie in {Path.GetDirectoryName(path)}");
    }
}
