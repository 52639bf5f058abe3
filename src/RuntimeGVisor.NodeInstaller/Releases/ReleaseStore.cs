// SPDX-License-Identifier: Apache-2.0

using System.Security.Cryptography;
using System.Text;
using RuntimeGVisor.NodeInstaller.Files;

namespace RuntimeGVisor.NodeInstaller.Releases;

/// <summary>
/// The releases on the node. Each lies complete in a directory of its own; <c>current</c> points to the one for new sandboxes, and the two
/// names on containerd's PATH point through it, so that one rename changes the whole set. containerd remembers a sandbox's shim by that
/// name, so it must never dangle while a sandbox runs.
/// </summary>
internal sealed class ReleaseStore(string binaryDirectory, NodeFiles files)
{
    private const string Subdirectory = "gvisor";
    private const string CurrentName = "current";
    private const string StagingPrefix = ".staging-";

    private static readonly string[] PublicNames = [Release.Runsc, Release.Shim];

    private readonly string _directory = Path.Join(binaryDirectory, Subdirectory);

    /// <summary>Key of the release that new sandboxes use; null when there is none.</summary>
    public string? CurrentKey => LinkTarget(Path.Join(_directory, CurrentName));

    /// <summary>Keys of all complete releases on the node.</summary>
    public IReadOnlyList<string> Keys =>
        Directory.Exists(_directory)
            ? [.. new DirectoryInfo(_directory).EnumerateDirectories()
                .Where(directory => directory.LinkTarget is null && !directory.Name.StartsWith(StagingPrefix, StringComparison.Ordinal))
                .Select(directory => directory.Name)
                .Order(StringComparer.Ordinal)]
            : [];

    /// <summary>Directory of a release.</summary>
    public string DirectoryOf(string key) => Path.Join(_directory, key);

    /// <summary>Path of runsc in a release.</summary>
    public string RunscOf(string key) => Path.Join(DirectoryOf(key), Release.Runsc);

    /// <summary>Key of the release that a path to runsc belongs to; null for any other path.</summary>
    public string? KeyOf(string? runscPath) =>
        runscPath is not null && Path.GetDirectoryName(runscPath) is { } directory && Path.GetDirectoryName(directory) == _directory
            ? Path.GetFileName(directory)
            : null;

    /// <summary>Refuses a directory that is not where it seems to be: what is written there as root would land somewhere else.</summary>
    /// <exception cref="ReleaseException">A part of the path is a symbolic link or no directory.</exception>
    public void CheckDirectory()
    {
        for (var path = _directory; path is { Length: > 1 }; path = Path.GetDirectoryName(path))
        {
            if (new FileInfo(path).LinkTarget is { } target)
            {
                throw new ReleaseException($"the binary directory {binaryDirectory} is not used: {path} is a symbolic link to {target}");
            }

            if (File.Exists(path))
            {
                throw new ReleaseException($"the binary directory {binaryDirectory} is not used: {path} is a file");
            }
        }
    }

    /// <summary>
    /// Files of a release on the node that are missing or not what the release has. Files that were checked before and were not written
    /// since are not read again.
    /// </summary>
    /// <param name="release">The release.</param>
    /// <param name="checkedFiles">Stamps of files that were found right; found ones are added.</param>
    public IReadOnlyList<ReleaseFile> FindDefects(Release release, IDictionary<string, string> checkedFiles)
    {
        var defects = new List<ReleaseFile>();
        foreach (var file in release.Files)
        {
            var path = Path.Join(_directory, release.Key, file.Path);
            var stamp = LibC.FindStamp(path)?.ToString();
            if (stamp is not null && checkedFiles.TryGetValue(path, out var known) && known == stamp)
            {
                continue;
            }

            if (stamp is not null && IsExecutable(path) && Checksum(path) == file.Sha512)
            {
                checkedFiles[path] = stamp;
            }
            else
            {
                defects.Add(file);
            }
        }

        return defects;
    }

    /// <summary>Whether the name runsc in the binary directory is an executable that another installer put there.</summary>
    public bool HasForeignRunsc =>
        LinkTarget(Path.Join(binaryDirectory, Release.Runsc)) != PublicTarget(Release.Runsc) && File.Exists(Path.Join(binaryDirectory, Release.Runsc));

    /// <summary>Whether all names lead to a release.</summary>
    /// <param name="key">The release.</param>
    /// <param name="keepForeignRunsc">Whether a runsc of another installer shall stay.</param>
    public bool IsCurrent(string key, bool keepForeignRunsc) =>
        CurrentKey == key && NamesToLink(keepForeignRunsc).All(name => LinkTarget(Path.Join(binaryDirectory, name)) == PublicTarget(name));

    /// <summary>Puts a release on the node, or repairs it there.</summary>
    /// <exception cref="ReleaseException">A file of the release is not what its manifest says.</exception>
    public void Stage(Release release, IReadOnlyList<ReleaseFile> defects, IDictionary<string, string> checkedFiles)
    {
        files.CreateDirectory(binaryDirectory);
        files.CreateDirectory(_directory);
        var target = Path.Join(_directory, release.Key);
        if (Directory.Exists(target))
        {
            // The directory may be in use, so it is repaired file by file.
            foreach (var file in defects)
            {
                Replace(release, file, target);
            }
        }
        else
        {
            StageNew(release, target);
        }

        foreach (var file in release.Files)
        {
            var path = Path.Join(target, file.Path);
            checkedFiles[path] = LibC.FindStamp(path)?.ToString() ?? "";
        }
    }

    /// <summary>Makes a release the one for new sandboxes.</summary>
    /// <param name="key">The release.</param>
    /// <param name="keepForeignRunsc">Whether a runsc of another installer shall stay.</param>
    public void MakeCurrent(string key, bool keepForeignRunsc)
    {
        LinkUnlessSet(Path.Join(_directory, CurrentName), key);
        foreach (var name in NamesToLink(keepForeignRunsc))
        {
            LinkUnlessSet(Path.Join(binaryDirectory, name), PublicTarget(name));
        }
    }

    /// <summary>Says what <see cref="MakeCurrent"/> would do, a sentence for each name that it changes.</summary>
    public IEnumerable<string> DescribeLinks(string key, bool keepForeignRunsc)
    {
        if (CurrentKey != key)
        {
            yield return $"point {Path.Join(_directory, CurrentName)} to {key}{(CurrentKey is { } current ? $" instead of {current}" : "")}";
        }

        foreach (var name in PublicNames)
        {
            var path = Path.Join(binaryDirectory, name);
            if (!NamesToLink(keepForeignRunsc).Contains(name, StringComparer.Ordinal))
            {
                yield return $"leave {path} as another installer made it, because sandboxes use it";
            }
            else if (LinkTarget(path) != PublicTarget(name))
            {
                yield return $"make {path} a link to {PublicTarget(name)}{(LibC.FindStamp(path) is null ? "" : " in place of what another installer made")}";
            }
        }
    }

    /// <summary>Removes the releases that nobody uses.</summary>
    /// <returns>Keys of those removed.</returns>
    public IReadOnlyList<string> Collect(IReadOnlySet<string> inUse)
    {
        if (!Directory.Exists(_directory))
        {
            return [];
        }

        foreach (var staging in Directory.EnumerateDirectories(_directory, StagingPrefix + "*"))
        {
            files.DeleteDirectory(staging);
        }

        var removed = Keys.Where(key => !inUse.Contains(key)).ToArray();
        foreach (var key in removed)
        {
            files.DeleteDirectory(Path.Join(_directory, key));
        }

        return removed;
    }

    /// <summary>Removes everything.</summary>
    public void RemoveAll()
    {
        foreach (var name in PublicNames)
        {
            files.Delete(Path.Join(binaryDirectory, name));
        }

        files.DeleteDirectory(_directory);
    }

    /// <summary>Whether anything of gVisor is in the directory.</summary>
    public bool IsEmpty => !Directory.Exists(_directory) && PublicNames.All(name => LibC.FindStamp(Path.Join(binaryDirectory, name)) is null);

    private IEnumerable<string> NamesToLink(bool keepForeignRunsc) =>
        keepForeignRunsc && HasForeignRunsc ? [Release.Shim] : PublicNames;

    private static string PublicTarget(string name) => Path.Join(Subdirectory, CurrentName, name);

    private static string? LinkTarget(string path) => new FileInfo(path).LinkTarget;

    private static bool IsExecutable(string path) =>
        new FileInfo(path) is { Exists: true, LinkTarget: null, UnixFileMode: NodeFiles.ExecutableMode };

    private static string Checksum(string path)
    {
        using var file = new FileStream(path, new FileStreamOptions { Access = FileAccess.Read, BufferSize = 0, Options = FileOptions.SequentialScan });
        return Convert.ToHexStringLower(SHA512.HashData(file));
    }

    private void StageNew(Release release, string target)
    {
        var staging = Path.Join(_directory, StagingPrefix + release.Key);
        files.DeleteDirectory(staging);
        try
        {
            files.CreateDirectory(staging);
            foreach (var file in release.Files)
            {
                Copy(release, file, Path.Join(staging, file.Path));
            }

            files.Write(Path.Join(staging, Release.ManifestFile), Encoding.UTF8.GetBytes(release.Manifest));
            files.MoveDirectory(staging, target);
        }
        catch
        {
            // A disk that is full must not stay so because of us.
            files.DeleteDirectory(staging);
            throw;
        }
    }

    private void Replace(Release release, ReleaseFile file, string directory)
    {
        var path = Path.Join(directory, file.Path);
        var temporary = NodeFiles.TemporaryNameOf(path);
        Copy(release, file, temporary);
        if (Directory.Exists(path))
        {
            files.DeleteDirectory(path);
        }

        files.Commit(path);
    }

    private void Copy(Release release, ReleaseFile file, string target)
    {
        var source = Path.Join(release.Directory, file.Path);
        files.CreateDirectory(Path.GetDirectoryName(target)!);
        files.Delete(target);
        var sum = Convert.ToHexStringLower(files.CopyExecutable(source, target));
        if (sum != file.Sha512)
        {
            files.Delete(target);
            throw new ReleaseException($"{source} is not what {Release.ManifestFile} says: its sha512 is {sum[..16]}…, not {file.Sha512[..16]}…");
        }
    }

    private void LinkUnlessSet(string path, string target)
    {
        if (LinkTarget(path) != target)
        {
            files.Link(path, target);
        }
    }
}
