// SPDX-License-Identifier: Apache-2.0

using System.Text;
using RuntimeGVisor.NodeInstaller.Containerd.Configuration;

namespace RuntimeGVisor.NodeInstaller.Tests.Containerd.Configuration;

public sealed class ContainerdConfigurationFileTests
{
    private const string Version2 = "io.containerd.grpc.v1.cri";
    private const string Version3 = "io.containerd.cri.v1.runtime";

    [Theory]
    [InlineData("", "runc", false)]
    [InlineData("runc", "runc", true)]
    [InlineData("nvidia", "nvidia", true)]
    [InlineData("nvidia", "runc", false)]
    public void The_default_runtime_says_how_pods_are_grouped(string defaultRuntime, string runtimeWithSystemd, bool expected)
    {
        var text = $"""
            version = 2
            [plugins."{Version2}".containerd]
              default_runtime_name = "{defaultRuntime}"
            [plugins."{Version2}".containerd.runtimes.{runtimeWithSystemd}.options]
              SystemdCgroup = {(defaultRuntime.Length == 0 ? "false" : "true")}

            """;

        Read(text).UsesSystemdCgroup.Should().Be(expected);
    }

    /// <summary>Seen with 1.7.24, 2.1.9 and 2.3.4: which names count in a file without version differs from release to release.</summary>
    [Theory]
    [InlineData("# this file is empty on purpose\n", 2, "", "cri")]
    [InlineData("# this file is empty on purpose\n", 3, "", Version3)]
    [InlineData("# this file is empty on purpose\n", 4, "", Version3)]
    [InlineData($"[plugins.\"{Version3}\".x]\na = 1\n", 4, $"[plugins.\"{Version3}\".x]\na = 1\n", Version3)]
    [InlineData($"[plugins.\"{Version2}\".x]\na = 1\n", 4, $"[plugins.\"{Version3}\".x]\na = 1\n", Version2)]
    [InlineData($"[plugins.\"{Version2}\".x]\na = 1\n", 2, $"[plugins.\"{Version2}\".x]\na = 1\n", Version2)]
    [InlineData("[plugins.cri.x]\na = 1\n", 2, $"[plugins.\"{Version2}\".x]\na = 1\n", "cri")]
    [InlineData("[plugins.cri.x]\na = 1\n", 4, $"[plugins.\"{Version3}\".x]\na = 1\n", "cri")]
    [InlineData("[plugins.cri.x]\na = 1\n", 3, $"[plugins.\"{Version3}\".x]\na = 2\n", Version3)]
    public void The_nodes_containerd_says_which_names_count_in_a_file_without_version(string text, int dumpVersion, string dump, string plugin)
    {
        var file = Read(text).ReadLike(Read($"version = {dumpVersion}\n{dump}"));

        file.RuntimesPath[1].Should().Be(plugin);
        HandlerEditor.Set(file, new("runsc", "/x")).Should().Contain($"plugins.{TomlDocument.QuotedUnlessBare(plugin)}.containerd.runtimes.runsc]");
    }

    [Fact]
    public void A_files_own_version_decides_whatever_containerd_prints() =>
        Read("version = 2\n").ReadLike(Read("version = 4\n")).RuntimesPath[1].Should().Be(Version2);

    private static ContainerdConfigurationFile Read(string text) => ContainerdConfigurationFile.Read(Encoding.UTF8.GetBytes(text));
}
