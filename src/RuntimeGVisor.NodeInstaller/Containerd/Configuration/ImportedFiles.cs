// SPDX-License-Identifier: Apache-2.0

using System.IO.Enumeration;

namespace RuntimeGVisor.NodeInstaller.Containerd.Configuration;

/// <summary>
/// The files that containerd's configuration imports, and how they hide what stands in the main file. containerd 1.x lets an imported file
/// replace whole plugin sections; 2.x merges them, and what an imported file says counts more.
/// </summary>
internal static class ImportedFiles
{
    // containerd reads each file once; nobody has more than a handful.
    private const int MaxFiles = 100;

    /// <summary>Why the handler of the main file does not reach containerd, and what cures it.</summary>
    /// <param name="main">The main file.</param>
    /// <param name="path">Where it lies.</param>
    /// <param name="dump">What containerd makes of it with all its imports.</param>
    /// <param name="handler">The handler that is missing there.</param>
    /// <returns>A clause for each file to blame; none when no imported file explains it.</returns>
    public static IReadOnlyList<string> FindCauses(
        ContainerdConfigurationFile main, string path, ContainerdConfigurationFile dump, string handler)
    {
        var causes = dump.Version <= 2
            ? Read(main, path).Select(file => CauseInVersion1(file.Path, file.Document.Root))
            : Read(main, path).Select(file => CauseInVersion2(file.Path, file.Document.Root, main, path, handler));
        return [.. causes.OfType<string>()];
    }

    /// <summary>Every imported file, in the order in which containerd reads them.</summary>
    /// <param name="main">The main file.</param>
    /// <param name="path">Where it lies; relative imports start there.</param>
    public static IReadOnlyList<string> FindAll(ContainerdConfigurationFile main, string path) => [.. Read(main, path).Select(file => file.Path)];

    private static string? CauseInVersion1(string path, TomlTable root) => FindCriSection(root) is not { } plugin ? null :
        $"{path}, imported there, replaces the whole section {plugin} in containerd 1.x, whatever the main file says: "
        + (root.FindTable(ConfigurationVersion.RuntimesPath(plugin)) is null
            ? "move its settings into the main file"
            : "remove that copy from it, or use containerd 2, which merges");

    private static string? CauseInVersion2(string path, TomlTable root, ContainerdConfigurationFile main, string mainPath, string handler)
    {
        if (ConfigurationVersion.AllPlugins.Any(plugin => root.FindTable([.. ConfigurationVersion.RuntimesPath(plugin), handler]) is not null))
        {
            return $"{path}, imported there, sets the handler {handler} itself and counts more: remove the handler from it";
        }

        var version = root.Values.GetValueOrDefault("version", (long)ConfigurationVersion.WhenAbsent);
        return FindCriSection(root) is not null && !version.Equals((long)main.Version)
            ? $"{path}, imported there, is of version {version} and {mainPath} of version {main.Version}, which containerd 2 does not merge: "
                + "give both the same version"
            : null;
    }

    private static string? FindCriSection(TomlTable root) =>
        ConfigurationVersion.AllPlugins.FirstOrDefault(plugin => root.FindTable("plugins", plugin) is not null);

    // Breadth first and each file once, as containerd does it; a file that imports itself, also by a pattern, is no import.
    private static IEnumerable<(string Path, TomlDocument Document)> Read(ContainerdConfigurationFile main, string path)
    {
        var seen = new HashSet<string>(StringComparer.Ordinal) { path, NameBehindLinks(path) };
        var pending = new Queue<string>(main.Imports.SelectMany(import => Resolve(import, path)));
        while (pending.TryDequeue(out var next) && seen.Count < MaxFiles)
        {
            if (seen.Contains(NameBehindLinks(next)) || !seen.Add(next) || TryParse(next) is not { } document)
            {
                continue;
            }

            yield return (next, document);
            if (document.Root.TryGet<List<object>>("imports", out var imports))
            {
                foreach (var import in imports.OfType<string>().SelectMany(import => Resolve(import, next)))
                {
                    pending.Enqueue(import);
                }
            }
        }
    }

    private static IEnumerable<string> Resolve(string import, string path)
    {
        var pattern = Path.GetFullPath(import, Path.GetDirectoryName(path)!);
        var directory = Path.GetDirectoryName(pattern);
        if (!Directory.Exists(directory))
        {
            return [];
        }

        var name = Path.GetFileName(pattern);
        return Directory.EnumerateFiles(directory)
            .Where(candidate => FileSystemName.MatchesSimpleExpression(name, Path.GetFileName(candidate), ignoreCase: false))
            .Order(StringComparer.Ordinal);
    }

    private static string NameBehindLinks(string path)
    {
        try
        {
            return File.ResolveLinkTarget(path, returnFinalTarget: true)?.FullName ?? path;
        }
        catch (IOException)
        {
            return path;
        }
    }

    private static TomlDocument? TryParse(string path)
    {
        try
        {
            return TomlDocument.Parse(File.ReadAllBytes(path));
        }
        catch (Exception exception) when (exception is FormatException or IOException or UnauthorizedAccessException)
        {
            // containerd itself says what is wrong with it.
            return null;
        }
    }
}
