// SPDX-License-Identifier: Apache-2.0

using NodeTestBed;
using NodeTestBed.Cri;

namespace Node.Tests;

public abstract class InstallationTests(TestNode node) : NodeTest(node)
{
    [Fact]
    [EveryRun]
    public async Task A_fresh_node_runs_pods_in_gVisor_after_an_installation()
    {
        await InstalledAsync();

        var pod = await Node.RunPodAsync();

        await ShouldRunInGVisorAsync(pod);
        ShouldRunVersion(pod, NewVersion);
    }

    /// <summary>What the integration test of the Go extension looks at on a node.</summary>
    [Fact]
    public async Task The_installation_is_where_the_extension_has_always_put_it()
    {
        await InstalledAsync();

        foreach (var file in new[] { "runsc", "containerd-shim-runsc-v1" })
        {
            (await Node.RunAsync("sh", "-c", $"[ -f {TestNode.BinaryDirectory}/{file} ] && [ -x {TestNode.BinaryDirectory}/{file} ]")).EnsureSuccess();
        }

        (await Node.RunAsync("grep", "-c", "containerd.runtimes.runsc", ConfigurationFile)).Output.Should().Be("2\n");
        (await Node.RunAsync("find", "/etc/containerd", "-type", "f")).Output.Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Should().BeEquivalentTo([ConfigurationFile], "an imported file of our own would replace what others configured");
        var pod = await Node.RunPodAsync();
        (await pod.ExecAsync(CancellationToken, "sh", "-c", "dmesg | grep -i -c gvisor")).Should().Be("1\n");
    }

    [Fact]
    [EveryRun]
    public async Task An_installed_node_is_neither_written_nor_restarted_by_another_run()
    {
        await InstalledAsync();
        var files = await Node.FilesAsync();
        var containerd = await Node.ContainerdRunAsync();

        await InstalledAsync();

        (await Node.FilesAsync()).Should().Be(files);
        (await Node.ContainerdRunAsync()).Should().Be(containerd);
    }

    /// <summary>A second container of a running pod gets what the first has: the file that its shim reads never changes.</summary>
    [Fact]
    [EveryRun]
    public async Task A_changed_flag_reaches_new_pods_and_no_running_one()
    {
        (await Installer().WithFlag("net-raw", "false").InstallAsync()).EnsureSuccess();
        var before = await Node.RunPodAsync();
        var configuration = Node.ReadFile(ConfigPathOf(Node.ReadFile(ConfigurationFile)));

        (await Installer().WithFlag("net-raw", "true").InstallAsync()).EnsureSuccess();

        await ShouldBeAliveAsync(before);
        (await CanOpenRawSocketsAsync(before)).Should().BeFalse();
        (await CanOpenRawSocketsAsync(await Node.RunPodAsync())).Should().BeTrue();
        Directory.EnumerateFiles(Node.PathOf($"{TestNode.BinaryDirectory}/gvisor"), "runsc-*.toml", SearchOption.AllDirectories)
            .Select(File.ReadAllText).Distinct().Should().HaveCount(2).And.Contain(configuration);
    }

    [Fact]
    public async Task Comments_and_foreign_settings_of_containerds_configuration_stay_as_they_are()
    {
        var before = Node.ReadFile(ConfigurationFile);

        await InstalledAsync();

        Node.ReadFile(ConfigurationFile).Should().StartWith(before.TrimEnd('\n'));
    }

    [Fact]
    public async Task A_configuration_without_any_runtime_keeps_its_default_runtime()
    {
        var lines = Node.ReadFile(ConfigurationFile).Split('\n');
        var begin = Array.FindIndex(lines, line => line.EndsWith(".containerd.runtimes]", StringComparison.Ordinal));
        var end = Array.FindIndex(lines, line => line.Contains("SystemdCgroup", StringComparison.Ordinal));
        Node.WriteFile(ConfigurationFile, string.Join('\n', lines.Where((_, index) => index < begin || index > end)));
        await Node.RestartContainerdAsync();

        await InstalledAsync();

        await ShouldRunInGVisorAsync(await Node.RunPodAsync());
        await ShouldBeAliveAsync(await Node.RunPodAsync(handler: ""));
    }

    [Theory]
    [InlineData("/etc/containerd/config.toml")]
    [InlineData("/etc/containerd/*.toml")]
    public async Task A_configuration_that_imports_itself_gets_the_handler(string import)
    {
        var configuration = Node.ReadFile(ConfigurationFile).Replace("/etc/containerd/conf.d/*.toml", import, StringComparison.Ordinal);
        Node.WriteFile(ConfigurationFile, configuration);
        await Node.RestartContainerdAsync();

        await InstalledAsync(OldVersion);
        await InstalledAsync(NewVersion);

        ShouldRunVersion(await Node.RunPodAsync(), NewVersion);
        (await Installer().UninstallAsync()).EnsureSuccess();
        Node.ReadFile(ConfigurationFile).Should().Be(configuration);
    }

    [Fact]
    public async Task A_configuration_behind_a_link_is_edited_there_and_the_link_stays()
    {
        var configuration = Node.ReadFile(ConfigurationFile);
        (await Node.RunAsync("mv", ConfigurationFile, "/etc/containerd/of-the-node.conf")).EnsureSuccess();
        (await Node.RunAsync("ln", "-s", "of-the-node.conf", ConfigurationFile)).EnsureSuccess();

        await InstalledAsync();

        (await Node.RunAsync("readlink", ConfigurationFile)).Output.Should().Be("of-the-node.conf\n");
        await ShouldRunInGVisorAsync(await Node.RunPodAsync());
        (await Installer().UninstallAsync()).EnsureSuccess();
        Node.ReadFile("/etc/containerd/of-the-node.conf").Should().Be(configuration);
        (await Node.RunAsync("readlink", ConfigurationFile)).Output.Should().Be("of-the-node.conf\n");
    }

    /// <summary>The installer has no capability, so it cannot give the file to its group.</summary>
    [Fact]
    public async Task A_configuration_of_another_group_keeps_its_mode()
    {
        (await Node.RunAsync("chown", "root:adm", ConfigurationFile)).EnsureSuccess();
        (await Node.RunAsync("chmod", "640", ConfigurationFile)).EnsureSuccess();

        await InstalledAsync();

        (await Node.RunAsync("stat", "-c", "%a", ConfigurationFile)).Output.Should().Be("640\n");
    }

    [Fact]
    public async Task Running_pods_survive_the_restart_of_an_installation()
    {
        var pod = await Node.RunPodAsync(handler: "runc");
        var containerd = await Node.ContainerdRunAsync();

        await InstalledAsync();

        (await Node.ContainerdRunAsync()).Should().NotBe(containerd);
        await ShouldBeAliveAsync(pod);
    }

    /// <summary>containerd reads older versions of its configuration as well, and the version in the file decides what goes where.</summary>
    private protected async Task AssertWorksWithConfigurationAsync(string configuration, string header)
    {
        Node.WriteFile(ConfigurationFile, configuration);
        await Node.RestartContainerdAsync();

        await InstalledAsync();

        Node.ReadFile(ConfigurationFile).Should().Contain($"\n{header}\n").And.StartWith(configuration.TrimEnd('\n'));
        await ShouldRunInGVisorAsync(await Node.RunPodAsync());
        await ShouldBeAliveAsync(await Node.RunPodAsync(handler: ""));

        (await Installer().UninstallAsync()).EnsureSuccess();
        Node.ReadFile(ConfigurationFile).Should().Be(configuration);
    }

    /// <summary>The node's own configuration as version 1 had it: no <c>version</c>, and the plugin by its short name.</summary>
    private protected string ConfigurationOfVersion1() =>
        Node.ReadFile(ConfigurationFile)
            .Replace("version = 2\n", "", StringComparison.Ordinal)
            .Replace("\"io.containerd.grpc.v1.cri\"", "cri", StringComparison.Ordinal);

    [Fact]
    public async Task A_configuration_of_an_unknown_version_is_refused_and_left_alone()
    {
        Node.WriteFile(ConfigurationFile, "version = 9\n");
        var files = await Node.FilesAsync();
        var containerd = await Node.ContainerdRunAsync();

        var result = await Installer().InstallAsync();

        result.ExitCode.Should().Be(1, result.ToString());
        result.Error.Should().Contain("version").And.Contain("9");
        (await Node.FilesAsync()).Split('\n').Where(line => line.StartsWith("/etc/", StringComparison.Ordinal))
            .Should().Equal(files.Split('\n').Where(line => line.StartsWith("/etc/", StringComparison.Ordinal)));
        (await Node.ContainerdRunAsync()).Should().Be(containerd);
    }

    /// <summary>A rollout: the old pod still runs when the new one starts.</summary>
    [Fact]
    public async Task An_installer_waits_for_the_end_of_the_one_before_it()
    {
        await using var old = await Installer(OldVersion).StartAsync("install");
        await old.WaitUntilReadyAsync();
        var installer = Installer(NewVersion);
        await using var young = await (installer with { Configuration = installer.Configuration with { HttpPort = 8081 } }).StartAsync("install");
        await Eventually.BecomesTrueAsync(
            "the new one waits",
            TimeSpan.FromSeconds(20),
            () => young.ToString().Contains("another installer works on this node", StringComparison.Ordinal),
            young.ToString);
        (await young.GetAsync("/metrics")).Should().NotBeNull();
        (await young.GetAsync("/readyz")).Should().BeNull();
        ShouldRunVersion(await Node.RunPodAsync(), OldVersion);

        await old.SignalAsync("TERM");

        (await old.EndAsync(TimeSpan.FromSeconds(10))).EnsureSuccess();
        await young.WaitUntilReadyAsync();
        ShouldRunVersion(await Node.RunPodAsync(), NewVersion);
    }

    [Fact]
    public async Task Two_installers_at_once_agree()
    {
        await using var first = await Installer().StartAsync("install", "--once");
        await using var second = await Installer().StartAsync("install", "--once");

        (await first.EndAsync(TimeSpan.FromSeconds(60))).EnsureSuccess();
        (await second.EndAsync(TimeSpan.FromSeconds(60))).EnsureSuccess();

        (await Node.RunAsync("grep", "-c", "containerd.runtimes.runsc", ConfigurationFile)).Output.Should().Be("2\n");
        await ShouldRunInGVisorAsync(await Node.RunPodAsync());
    }

    private static async Task<bool> CanOpenRawSocketsAsync(Pod pod)
    {
        const int netRaw = 13;
        var status = await pod.ExecAsync(CancellationToken, "grep", "CapBnd", "/proc/self/status");
        return (Convert.ToUInt64(status.Split('\t')[1].Trim(), 16) >> netRaw & 1) == 1;
    }
}
