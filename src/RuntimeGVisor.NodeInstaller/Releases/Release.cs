// SPDX-License-Identifier: Apache-2.0

using System.Text.RegularExpressions;
using RuntimeGVisor.NodeInstaller.Files;

namespace RuntimeGVisor.NodeInstaller.Releases;

/// <summary>
/// A gVisor release in a directory, in either of gVisor's layouts: runsc and its shim, and in newer releases files beside them in
/// <c>gvisor-bin</c>. <c>SHA512SUMS</c> says what belongs to it.
/// </summary>
internal sealed partial class Release
{
    public const string Runsc = "runsc";
    public const string Shim = "containerd-shim-runsc-v1";
    public const string VersionFile = "VERSION";
    public const string ManifestFile = "SHA512SUMS";
    private const int KeyDigits = 12;

    private Release(string directory, string version, string manifest, IReadOnlyList<ReleaseFile> files)
    {
        Directory = directory;
        Version = version;
        Manifest = manifest;
        Files = files;
        var identity = string.Join('\n', files.Select(file => $"{file.Sha512} {file.Path}"));
        Key = $"{version}-{Checksum.Sha256(identity)[..KeyDigits]}";
    }

    public string Directory { get; }

    /// <summary>Where runsc lies in it.</summary>
    public string RunscPath => Path.Join(Directory, Runsc);

    /// <summary>gVisor's version, such as <c>20260810.0</c>.</summary>
    public string Version { get; }

    /// <summary>Name of the release among others on a node: the version and a digest over all files.</summary>
    public string Key { get; }

    /// <summary>The manifest's text.</summary>
    public string Manifest { get; }

    public IReadOnlyList<ReleaseFile> Files { get; }

    /// <summary>Reads what a release says of itself; the files' content is checked when it is copied.</summary>
    /// <exception cref="ReleaseException">The release is incomplete or its manifest is wrong.</exception>
    public static Release Open(string directory)
    {
        var version = ReadText(Path.Join(directory, VersionFile)).Trim();
        if (!VersionRule().IsMatch(version))
        {
            throw new ReleaseException($"{directory}/{VersionFile} must be one line of letters, digits and . + _ ~ -, such as 20260810.0");
        }

        var manifest = ReadText(Path.Join(directory, ManifestFile));
        var files = ParseManifest(manifest, $"{directory}/{ManifestFile}");
        CheckCompleteness(directory, files);
        return new(directory, version, manifest, files);
    }

    /// <summary>Looks whether every file is an executable for this node.</summary>
    /// <exception cref="ReleaseException">One is not.</exception>
    public void CheckExecutables()
    {
        foreach (var file in Files)
        {
            ExecutableFile.Check(Path.Join(Directory, file.Path));
        }
    }

    /// <summary>Reads the lines of sha512sum(1), ordered by path.</summary>
    /// <exception cref="ReleaseException">A line is wrong, or one of the two executables is not listed.</exception>
    public static IReadOnlyList<ReleaseFile> ParseManifest(string manifest, string name)
    {
        var files = new SortedDictionary<string, ReleaseFile>(StringComparer.Ordinal);
        foreach (var line in manifest.Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            var match = ManifestLine().Match(line.TrimEnd('\r'));
            if (!match.Success)
            {
                throw new ReleaseException(
                    $"{name} has a line that is not \"128 hexadecimal digits, two spaces, path inside the release\": {Shown(line)}");
            }

            var file = new ReleaseFile(match.Groups["path"].Value, match.Groups["sum"].Value);
            if (!files.TryAdd(file.Path, file))
            {
                throw new ReleaseException($"{name} lists {file.Path} twice");
            }
        }

        foreach (var required in (string[])[Runsc, Shim])
        {
            if (!files.ContainsKey(required))
            {
                throw new ReleaseException($"{name} does not list {required}");
            }
        }

        return [.. files.Values];
    }

    private static void CheckCompleteness(string directory, IReadOnlyList<ReleaseFile> files)
    {
        var listed = files.Select(file => file.Path).ToHashSet(StringComparer.Ordinal);
        foreach (var path in System.IO.Directory.EnumerateFiles(directory, "*", SearchOption.AllDirectories))
        {
            var relative = Path.GetRelativePath(directory, path);
            if (relative is not (VersionFile or ManifestFile) && !listed.Remove(relative))
            {
                throw new ReleaseException($"{directory}/{ManifestFile} does not list {Shown(relative)}");
            }
        }

        if (listed.Count > 0)
        {
            throw new ReleaseException($"the release in {directory} lacks {string.Join(", ", listed)}");
        }
    }

    private static string ReadText(string path)
    {
        try
        {
            return File.ReadAllText(path);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new ReleaseException($"the release cannot be read: {exception.Message}");
        }
    }

    private static string Shown(string text) => text.Length <= 80 ? $"\"{text}\"" : $"\"{text[..80]}…\"";

    [GeneratedRegex(@"\A[A-Za-z0-9][A-Za-z0-9.+_~-]{0,63}\z", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex VersionRule();

    [GeneratedRegex(
        @"\A(?<sum>[0-9a-f]{128}) [ *](?:\./)?(?<path>(?:gvisor-bin/)?[A-Za-z0-9][A-Za-z0-9._-]{0,99})\z",
        RegexOptions.ExplicitCapture,
        matchTimeoutMilliseconds: 1000)]
    private static partial Regex ManifestLine();
}
