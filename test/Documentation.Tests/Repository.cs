// SPDX-License-Identifier: Apache-2.0

namespace Documentation.Tests;

/// <summary>The files of this repository, without what was built, downloaded or written by a run.</summary>
internal static class Repository
{
    private static readonly string[] NotOurs = [".git", "artifacts", "bin", "dev", "obj"];

    public static string Root { get; } = FindRoot();

    /// <summary>Paths below <paramref name="folder"/> of files with this extension, relative to the root.</summary>
    public static IEnumerable<string> Files(string extension, string folder = "") =>
        FilesBelow(Path.Combine(Root, folder)).Where(path => path.EndsWith(extension, StringComparison.Ordinal))
            .Select(path => Path.GetRelativePath(Root, path))
            .Order(StringComparer.Ordinal);

    public static string Read(string path) => File.ReadAllText(Path.Combine(Root, path));

    public static bool Exists(string path) => Path.Exists(Path.Combine(Root, path));

    private static IEnumerable<string> FilesBelow(string directory) => Directory.EnumerateFiles(directory).Concat(
        Directory.EnumerateDirectories(directory).Where(child => !NotOurs.Contains(Path.GetFileName(child))).SelectMany(FilesBelow));

    private static string FindRoot()
    {
        var directory = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(directory.FullName, "global.json")))
        {
            directory = directory.Parent ?? throw new InvalidOperationException($"{AppContext.BaseDirectory} is not inside of the repository.");
        }

        return directory.FullName;
    }
}
