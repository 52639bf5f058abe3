// SPDX-License-Identifier: Apache-2.0

namespace ControlPlane;

/// <summary>Where the parts of this repository are.</summary>
public static class Repository
{
    public static string Root { get; } = FindRoot();

    /// <summary>The command line of the controller: the executable that CONTROLLER_EXECUTABLE names (the native one), else what the build left.</summary>
    public static IReadOnlyList<string> Controller { get; } =
        Environment.GetEnvironmentVariable("CONTROLLER_EXECUTABLE") is { Length: > 0 } path
            ? [Existing(path)]
            : Built("RuntimeGVisor.Controller", "gardener-extension-runtime-gvisor");

    public static IReadOnlyList<string> ResourceManager { get; } = Built("ResourceManager", "ResourceManager");

    private static IReadOnlyList<string> Built(string project, string program) =>
        ["dotnet", Existing(Path.Combine(Root, "artifacts", "bin", project, "release", $"{program}.dll"))];

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
