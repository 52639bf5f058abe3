// SPDX-License-Identifier: Apache-2.0

using System.Security.Cryptography;
using System.Text.Json.Nodes;
using NodeTestBed;
using NodeTestBed.Cri;

namespace Node.Tests;

/// <summary>A test on a node that is as if nobody had used it before.</summary>
public abstract class NodeTest(TestNode node) : IAsyncLifetime
{
    private protected const string OldVersion = "20221219.0";

    private protected const string NewVersion = "20240729.0";

    private protected const string ConfigurationFile = "/etc/containerd/config.toml";

    /// <summary>Where the Go extension has runsc's flags.</summary>
    private protected const string GoRunscConfigurationFile = "/etc/containerd/runsc.toml";

    private protected TestNode Node => node;

    private protected static CancellationToken CancellationToken => TestContext.Current.CancellationToken;

    /// <summary>The path of the handlers' tables in the configuration that the node comes up with.</summary>
    private protected string Runtimes => node.ConfigurationVersion switch
    {
        2 => "plugins.\"io.containerd.grpc.v1.cri\".containerd.runtimes",
        _ => "plugins.\"io.containerd.cri.v1.runtime\".containerd.runtimes",
    };

    public async ValueTask InitializeAsync()
    {
        Assert.SkipWhen(node.Unavailable is not null, node.Unavailable ?? "");
        await node.ResetAsync();
    }

    public ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        return ValueTask.CompletedTask;
    }

    private protected Installer Installer(string version = NewVersion) => new(node, node.Image(version));

    private protected async Task<CommandResult> InstalledAsync(string version = NewVersion)
    {
        var result = await Installer(version).InstallAsync();
        result.ExitCode.Should().Be(0, result.ToString());
        return result;
    }

    /// <summary>The file of runsc that the handler names in containerd's configuration.</summary>
    private protected static string ConfigPathOf(string configuration) =>
        configuration.Split('\n').Single(line => line.TrimStart().StartsWith("ConfigPath", StringComparison.Ordinal)).Split('"', '\'')[1];

    /// <summary>How often the installer has restarted containerd, as its journal has it.</summary>
    private protected async Task<int> RestartsAsync()
    {
        var status = await Installer().RunAsync("status", "--output", "json");
        return JsonNode.Parse(status.Output)!["restarts"]!.AsArray().Count;
    }

    private protected static async Task ShouldRunInGVisorAsync(Pod pod) =>
        (await pod.KernelLogAsync(CancellationToken)).Should().Contain("Starting gVisor");

    /// <summary>A pod that started before is the same container still, and does what it is asked to.</summary>
    private protected static async Task ShouldBeAliveAsync(Pod pod)
    {
        (await pod.StatusAsync(CancellationToken)).State.Should().Be(ContainerState.Running);
        (await pod.ExecAsync(CancellationToken, "echo", "alive")).Should().Be("alive\n");
    }

    private protected void ShouldRunVersion(Pod pod, string version) =>
        Checksum(TestNode.SandboxExecutable(pod)).Should().Be(
            Checksum(Path.Combine(node.GVisor(version), "runsc")), $"the sandbox should run gVisor {version}");

    private static string Checksum(string path)
    {
        using var stream = File.OpenRead(path);
        return Convert.ToHexStringLower(SHA256.HashData(stream));
    }
}
