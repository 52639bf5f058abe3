// SPDX-License-Identifier: Apache-2.0

namespace Testing;

/// <summary>The files of this repository, without what was built, downloaded or written by a run; and the programs made of them.</summary>
public static class Repository
{
    private static readonly string[] NotOurs = [".git", "artifacts", "bin", "dev", "obj"];

    public static string Root { get; } = FindRoot();

    /// <summary>The command line of the controller: the executable that CONTROLLER_EXECUTABLE names (the native one), else what the build left.</summary>
    public static IReadOnlyList<string> Controller =>
        Environment.GetEnvironmentVariable("CONTROLLER_EXECUTABLE") is { Length: > 0 } path
            ? [Existing(path)]
            : Built("RuntimeGVisor.Controller", "gardener-extension-runtime-gvisor");

    /// <summary>The command line of the admission, in the same way.</summary>
    public static IReadOnlyList<string> Admission =>
        Environment.GetEnvironmentVariable("ADMISSION_EXECUTABLE") is { Length: > 0 } path
            ? [Existing(path)]
            : Built("RuntimeGVisor.Admission", "gardener-extension-admission-runtime-gvisor");

    public static IReadOnlyList<string> ResourceManager => Built("ResourceManager", "ResourceManager");

    /// <summary>The native node installer; the environment may name another one.</summary>
    public static string InstallerExecutable { get; } =
        Environment.GetEnvironmentVariable("NODE_INSTALLER_EXECUTABLE") is { Length: > 0 } path
            ? Path.GetFullPath(path)
            : PathOf("artifacts/publish/RuntimeGVisor.NodeInstaller/release_linux-x64/gvisor-node-installer");

    /// <summary>The command line of a program that the build left.</summary>
    public static IReadOnlyList<string> Built(string project, string program) =>
        ["dotnet", Existing(PathOf($"artifacts/bin/{project}/release/{program}.dll"))];

    public static string Script(string name) => Path.Combine(Root, "hack", name);

    /// <summary>Paths below <paramref name="folder"/> of files with this extension, relative to the root.</summary>
    public static IEnumerable<string> Files(string extension, string folder = "") =>
        FilesBelow(PathOf(folder)).Where(path => path.EndsWith(extension, StringComparison.Ordinal))
            .Select(path => Path.GetRelativePath(Root, path))
            .Order(StringComparer.Ordinal);

    public static string Read(string path) => File.ReadAllText(PathOf(path));

    public static bool Exists(string path) => Path.Exists(PathOf(path));

    /// <summary>The absolute path of one that is relative to the root.</summary>
    public static string PathOf(string path) => Path.Combine(Root, path);

    private static IEnumerable<string> FilesBelow(string directory) => Directory.EnumerateFiles(directory).Concat(
        Directory.EnumerateDirectories(directory).Where(child => !NotOurs.Contains(Path.GetFileName(child))).SelectMany(FilesBelow));

    private static string Existing(string path) =>
        File.Exists(path) ? path : throw new FileNotFoundException($"There is no program {path}; 'make build' makes it.", path);

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
