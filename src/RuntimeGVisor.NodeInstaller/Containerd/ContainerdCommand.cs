// SPDX-License-Identifier: Apache-2.0

namespace RuntimeGVisor.NodeInstaller.Containerd;

/// <summary>How containerd runs on the node.</summary>
/// <param name="Program">Path of its executable.</param>
/// <param name="ConfigurationFile">Path of its main configuration file.</param>
internal sealed record ContainerdCommand(string Program, string ConfigurationFile)
{
    private const string ProgramName = "containerd";

    /// <summary>Reads a command line.</summary>
    /// <param name="program">Path of the executable.</param>
    /// <param name="arguments">What it was given, without its own name.</param>
    /// <param name="directory">Where it runs; relative paths start there.</param>
    public static ContainerdCommand Of(string program, IReadOnlyList<string> arguments, string directory) =>
        new(program, Path.GetFullPath(ConfigurationFileOf(arguments), directory));

    /// <summary>Whether a program of this path is containerd and no wrapper around it.</summary>
    public static bool IsContainerd(string program) =>
        Path.GetFileName(program) is var name
        && name.StartsWith(ProgramName, StringComparison.Ordinal)
        && !name.StartsWith(ProgramName + "-shim", StringComparison.Ordinal);

    private static string ConfigurationFileOf(IReadOnlyList<string> arguments)
    {
        for (var index = 0; index < arguments.Count; index++)
        {
            if (arguments[index].Split('=', 2) is [var option, .. var rest] && option is "--config" or "-config" or "-c" or "--c")
            {
                return rest is [var joined] ? joined : index + 1 < arguments.Count ? arguments[index + 1] : "";
            }
        }

        return "/etc/containerd/config.toml";
    }
}
