// SPDX-License-Identifier: Apache-2.0

using System.Text;
using RuntimeGVisor.NodeInstaller.Files;

namespace RuntimeGVisor.NodeInstaller.Releases;

/// <summary>
/// The releases on the node. Each lies complete in a directory of its own, with the configurations of runsc that name it beside its files;
/// <c>current</c> points to the one for new sandboxes, and the two names on containerd's PATH point through it. containerd remembers a
/// sandbox's shim by that name, so it must never dangle while a sandbox runs.
/// </summary>
internal sealed class ReleaseStore(string binaryDirectory)
{
    private const string Subdirectory = "gvisor";
    private const string CurrentName = "current";
    private const string StagingPrefix = ".staging-";
    private const string AdoptedPrefix = "adopted-";

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

    /// <summary>Key of the release in whose directory a file lies; null for any other path.</summary>
    public string? KeyOf(string? path) =>
        path is not null && path.StartsWith(_directory + "/", StringComparison.Ordinal)
            ? path[(_directory.Length + 1)..].Split('/')[0] is { Length: > 0 } key && key != CurrentName ? key : CurrentKey
            : null;

    /// <summary>Whether a path lies in the binary directory.</summary>
    public bool Contains(string path) => path.StartsWith(binaryDirectory + "/", StringComparison.Ordinal);

    /// <summary>Every configuration of runsc beside a release.</summary>
    public IReadOnlyList<string> Configurations =>
        [.. Keys.SelectMany(key => Directory.EnumerateFiles(DirectoryOf(key), RunscConfiguration.FilePattern)).Order(StringComparer.Ordinal)];

    /// <summary>What another installer, such as the Go extension, has put under the two names; null when it is not complete or there is none.</summary>
    public ForeignExecutables? FindForeign()
    {
        var runsc = Path.Join(binaryDirectory, Release.Runsc);
        var shim = Path.Join(binaryDirectory, Release.Shim);
        return IsForeign(Release.Runsc) && IsForeign(Release.Shim) ? new(runsc, shim) : null;
    }

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
    /// <param name="verifiedFiles">Fingerprints of files that were found right; found ones are added.</param>
    public IReadOnlyList<ReleaseFile> FindDefects(Release release, IDictionary<string, string> verifiedFiles)
    {
        var defects = new List<ReleaseFile>();
        foreach (var file in release.Files)
        {
            var path = Path.Join(_directory, release.Key, file.Path);
            var stamp = LibC.FindStamp(path)?.ToString();
            if (stamp is not null && verifiedFiles.TryGetValue(path, out var known) && known == stamp)
            {
                continue;
            }

            if (stamp is not null && IsExecutable(path) && Checksum.Sha512(path) == file.Sha512)
            {
                verifiedFiles[path] = stamp;
            }
            else
            {
                defects.Add(file);
            }
        }

        return defects;
    }

    /// <summary>Whether new sandboxes use a release: <c>current</c> and the shim's name lead to it.</summary>
    public bool IsCurrent(string key) => CurrentKey == key && IsLinked(Release.Shim);

    /// <summary>Whether the name runsc leads to the current release. No sandbox of ours goes by that name; people and tests do.</summary>
    public bool IsRunscLinked => IsLinked(Release.Runsc);

    /// <summary>Puts a release on the node, or repairs it there.</summary>
    /// <exception cref="ReleaseException">A file of the release is not what its manifest says.</exception>
    public void Stage(Release release, IReadOnlyList<ReleaseFile> defects, IDictionary<string, string> verifiedFiles)
    {
        NodeFiles.CreateDirectory(binaryDirectory);
        NodeFiles.CreateDirectory(_directory);
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
            FillNew(target, staging =>
            {
                foreach (var file in release.Files)
                {
                    Copy(release, file, Path.Join(staging, file.Path));
                }

                NodeFiles.Write(Path.Join(staging, Release.ManifestFile), Encoding.UTF8.GetBytes(release.Manifest));
            });
        }

        foreach (var file in release.Files)
        {
            var path = Path.Join(target, file.Path);
            verifiedFiles[path] = LibC.FindStamp(path)?.ToString() ?? "";
        }
    }

    /// <summary>Copies what another installer has put on the node into a release of its own, to which one can go back.</summary>
    /// <returns>The configuration of its runsc with the flags that it had.</returns>
    public RunscConfiguration Adopt(ForeignExecutables foreign, string configuration)
    {
        NodeFiles.CreateDirectory(_directory);
        var identity = $"{Checksum.Sha512(foreign.RunscPath)} {Checksum.Sha512(foreign.ShimPath)}";
        var target = DirectoryOf(AdoptedPrefix + Checksum.Sha256(identity)[..12]);
        if (!Directory.Exists(target))
        {
            FillNew(target, staging =>
            {
                NodeFiles.CopyExecutable(foreign.RunscPath, Path.Join(staging, Release.Runsc));
                NodeFiles.CopyExecutable(foreign.ShimPath, Path.Join(staging, Release.Shim));
            });
        }

        var adopted = RunscConfiguration.Adopt(target, configuration);
        Write(adopted);
        return adopted;
    }

    /// <summary>Whether a configuration is on the node as it shall be.</summary>
    public static bool Has(RunscConfiguration configuration) =>
        File.Exists(configuration.Path) && File.ReadAllText(configuration.Path) == configuration.Text;

    /// <summary>Puts a configuration beside its release, unless it is there.</summary>
    public static void Write(RunscConfiguration configuration)
    {
        if (!Has(configuration))
        {
            NodeFiles.Write(configuration.Path, Encoding.UTF8.GetBytes(configuration.Text));
        }
    }

    /// <summary>Makes a release the one for new sandboxes.</summary>
    public void MakeCurrent(string key)
    {
        LinkUnlessSet(Path.Join(_directory, CurrentName), key);
        LinkUnlessSet(Path.Join(binaryDirectory, Release.Shim), PublicTarget(Release.Shim));
    }

    /// <summary>Has the name runsc lead to the current release.</summary>
    public void LinkRunsc() => LinkUnlessSet(Path.Join(binaryDirectory, Release.Runsc), PublicTarget(Release.Runsc));

    /// <summary>Removes what a killed process left half staged.</summary>
    public void RemoveStaging()
    {
        if (Directory.Exists(_directory))
        {
            foreach (var staging in Directory.EnumerateDirectories(_directory, StagingPrefix + "*"))
            {
                NodeFiles.DeleteDirectory(staging);
            }
        }
    }

    /// <summary>Removes everything.</summary>
    /// <param name="except">Keys of releases that somebody else's handler names.</param>
    public void RemoveAll(IReadOnlyCollection<string> except)
    {
        foreach (var name in PublicNames)
        {
            NodeFiles.Delete(Path.Join(binaryDirectory, name));
        }

        if (except.Count == 0)
        {
            NodeFiles.DeleteDirectory(_directory);
            return;
        }

        NodeFiles.Delete(Path.Join(_directory, CurrentName));
        foreach (var key in Keys.Except(except, StringComparer.Ordinal))
        {
            NodeFiles.DeleteDirectory(DirectoryOf(key));
        }
    }

    /// <summary>Whether nothing of gVisor is in the binary directory.</summary>
    /// <param name="except">Keys of releases that do not count.</param>
    public bool IsEmpty(params IReadOnlyCollection<string> except) =>
        PublicNames.All(name => LibC.FindStamp(Path.Join(binaryDirectory, name)) is null)
        && (!Directory.Exists(_directory) || (CurrentKey is null && except.Count > 0 && !Keys.Except(except, StringComparer.Ordinal).Any()));

    private bool IsLinked(string name) => LinkTarget(Path.Join(binaryDirectory, name)) == PublicTarget(name);

    private bool IsForeign(string name) => !IsLinked(name) && File.Exists(Path.Join(binaryDirectory, name));

    private static string PublicTarget(string name) => Path.Join(Subdirectory, CurrentName, name);

    private static string? LinkTarget(string path) => new FileInfo(path).LinkTarget;

    private static bool IsExecutable(string path) =>
        new FileInfo(path) is { Exists: true, LinkTarget: null, UnixFileMode: NodeFiles.ExecutableMode };

    private void FillNew(string target, Action<string> fill)
    {
        var staging = Path.Join(_directory, StagingPrefix + Path.GetFileName(target));
        NodeFiles.DeleteDirectory(staging);
        try
        {
            NodeFiles.CreateDirectory(staging);
            fill(staging);
            NodeFiles.MoveDirectory(staging, target);
        }
        catch
        {
            // A disk that is full must not stay so because of us.
            NodeFiles.DeleteDirectory(staging);
            throw;
        }
    }

    private static void Replace(Release release, ReleaseFile file, string directory)
    {
        var path = Path.Join(directory, file.Path);
        var temporary = NodeFiles.TemporaryNameOf(path);
        Copy(release, file, temporary);
        if (Directory.Exists(path))
        {
            NodeFiles.DeleteDirectory(path);
        }

        NodeFiles.Commit(path);
    }

    private static void Copy(Release release, ReleaseFile file, string target)
    {
        var source = Path.Join(release.Directory, file.Path);
        NodeFiles.CreateDirectory(Path.GetDirectoryName(target)!);
        NodeFiles.Delete(target);
        var sum = NodeFiles.CopyExecutable(source, target);
        if (sum != file.Sha512)
        {
            NodeFiles.Delete(target);
            throw new ReleaseException($"{source} is not what {Release.ManifestFile} says: its sha512 is {sum[..16]}…, not {file.Sha512[..16]}…");
        }
    }

    private static void LinkUnlessSet(string path, string target)
    {
        if (LinkTarget(path) != target)
        {
            NodeFiles.Link(path, target);
        }
    }
}
