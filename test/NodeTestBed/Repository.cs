// SPDX-License-Identifier: Apache-2.0

namespace NodeTestBed;

/// <summary>Where the tests find what they test and what they test it with.</summary>
public static class Repository
{
    public static string Root { get; } = FindRoot();

    /// <summary>The native executable under test; the environment may name another one.</summary>
    public static string InstallerExecutable { get; } =
        Environment.GetEnvironmentVariable("NODE_INSTALLER_EXECUTABLE") is { Length: > 0 } path
            ? Path.GetFullPath(path)
            : Path.Combine(Root, "artifacts/publish/RuntimeGVisor.NodeInstaller/release_linux-x64/gvisor-node-installer");

    public static string Script(string name) => Path.Combine(Root, "hack", name);

    private static string FindRoot()
    {
        for (var directory = AppContext.BaseDirectory; directory is not null; directory = Path.GetDirectoryName(directory))
        {
            if (File.Exists(Path.Combine(directory, "RuntimeGVisor.slnx")))
            {
                return directory;
            }
        }

        throw new InvalidOperationException($"no repository above {AppContext.BaseDirectory}");
    }
}
