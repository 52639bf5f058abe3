// SPDX-License-Identifier: Apache-2.0

namespace NodeTestBed;

/// <summary>
/// What the shell script of the Go extension leaves on a node. Gardener contract 5.5: two files in the binary directory, a block at
/// the end of config.toml, flags in runsc.toml, a restart.
/// </summary>
public static class GoInstaller
{
    /// <summary>The table's path by the version of containerd's configuration; releases before 2026 wrote an older one into newer files.</summary>
    private static readonly Dictionary<int, string> Prefixes = new()
    {
        [1] = "plugins.cri",
        [2] = "plugins.\"io.containerd.grpc.v1.cri\"",
        [3] = "plugins.\"io.containerd.cri.v1.runtime\"",
    };

    /// <summary>What it appends to containerd's configuration.</summary>
    public static string Block(int version)
    {
        var table = $"{Prefixes[version]}.containerd.runtimes.runsc";
        return $"""
            [{table}]
              runtime_type = "io.containerd.runsc.v1"
            [{table}.options]
              TypeUrl = "io.containerd.runsc.v1.options"
              ConfigPath = "/etc/containerd/runsc.toml"
            """;
    }

    public static async Task InstallAsync(TestNode node, string gvisorVersion, int blockVersion, string flags = "  net-raw = \"true\"\n")
    {
        foreach (var file in Directory.EnumerateFiles(node.GVisor(gvisorVersion)))
        {
            File.Copy(file, node.PathOf($"{TestNode.BinaryDirectory}/{Path.GetFileName(file)}"));
        }

        await File.AppendAllTextAsync(node.PathOf("/etc/containerd/config.toml"), Block(blockVersion) + "\n");
        await File.WriteAllTextAsync(node.PathOf("/etc/containerd/runsc.toml"), $"[runsc_config]\n{flags}  \n");
        await node.RestartContainerdAsync();
    }
}
