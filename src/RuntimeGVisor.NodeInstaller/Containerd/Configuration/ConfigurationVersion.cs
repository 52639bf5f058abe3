// SPDX-License-Identifier: Apache-2.0

using System.Collections.Frozen;

namespace RuntimeGVisor.NodeInstaller.Containerd.Configuration;

/// <summary>The versions of containerd's configuration and where each has the CRI's runtimes. The file decides, not the program's version.</summary>
internal static class ConfigurationVersion
{
    /// <summary>What a file without <c>version</c> is read as.</summary>
    public const int WhenAbsent = 1;

    private static readonly FrozenDictionary<int, string> Plugins = new Dictionary<int, string>
    {
        [1] = "cri",
        [2] = "io.containerd.grpc.v1.cri",
        [3] = "io.containerd.cri.v1.runtime",
        [4] = "io.containerd.cri.v1.runtime",
    }.ToFrozenDictionary();

    /// <summary>Every plugin name that has ever held the CRI's runtimes.</summary>
    public static IReadOnlyList<string> AllPlugins { get; } = [.. Plugins.Values.Distinct()];

    /// <summary>Name of the plugin that holds the CRI's runtimes, or null for a version that this program does not know.</summary>
    public static string? FindPlugin(long version) => version is >= 1 and <= 4 ? Plugins[(int)version] : null;

    /// <summary>Path of the table with all runtimes.</summary>
    public static IReadOnlyList<string> RuntimesPath(string plugin) => ["plugins", plugin, "containerd", "runtimes"];
}
