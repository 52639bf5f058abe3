// SPDX-License-Identifier: Apache-2.0

using System.IO.Enumeration;

namespace RuntimeGVisor.NodeInstaller.Containerd.Configuration;

/// <summary>
/// The files that containerd's configuration imports. containerd 1.x lets an imported file replace whole plugin sections, so one with a CRI
/// section of its own (a GPU operator writes such) hides every handler of the main file.
/// </summary>
internal static class ImportedFiles
{
    /// <summary>Imported files that have a section for the CRI's runtimes.</summary>
    /// <param name="file">The main file.</param>
    /// <param name="path">Where it lies; relative imports start there.</param>
    public static IReadOnlyList<string> FindMasks(ContainerdConfigurationFile file, string path) =>
        [.. file.Imports.SelectMany(import => Resolve(import, path)).Distinct(StringComparer.Ordinal).Where(HasCriSection)];

    private static IEnumerable<string> Resolve(string import, string path)
    {
        var pattern = Path.GetFullPath(import, Path.GetDirectoryName(path)!);
        var directory = Path.GetDirectoryName(pattern)!;
        if (!Directory.Exists(directory))
        {
            return [];
        }

        var name = Path.GetFileName(pattern);
        return Directory.EnumerateFiles(directory)
            .Where(candidate => FileSystemName.MatchesSimpleExpression(name, Path.GetFileName(candidate), ignoreCase: false))
            .Order(StringComparer.Ordinal);
    }

    private static bool HasCriSection(string path)
    {
        try
        {
            var root = TomlDocument.Parse(File.ReadAllBytes(path)).Root;
            return ConfigurationVersion.AllPlugins.Any(plugin => root.FindTable("plugins", plugin) is not null);
        }
        catch (Exception exception) when (exception is FormatException or IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }
}
