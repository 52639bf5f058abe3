// SPDX-License-Identifier: Apache-2.0

using NodeTestBed;
using NodeTestBed.Cri;

namespace Node.Tests;

public abstract class InstallationTests(TestNode node) : NodeTest(node)
{
    [Fact]
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
        var pod = await Node.RunPodAsync();
        (await pod.ExecAsync(CancellationToken, "sh", "-c", "dmesg | grep -i -c gvisor")).Should().Be("1\n");
    }

    [Fact]
    public async Task An_installed_node_is_neither_written_nor_restarted_by_another_run()
    {
        await InstalledAsync();
        var files = await Node.FilesAsync();
        var containerd = await Node.ContainerdRunAsync();

        await InstalledAsync();

        (await Node.FilesAsync()).Should().Be(files);
        (await Node.ContainerdRunAsync()).Should().Be(containerd);
    }

    [Fact]
    public async Task A_changed_flag_reaches_new_pods_without_a_restart()
    {
        (await Installer().WithFlag("net-raw", "false").InstallAsync()).EnsureSuccess();
        var containerd = await Node.ContainerdRunAsync();
        var before = await Node.RunPodAsync();

        (await Installer().WithFlag("net-raw", "true").InstallAsync()).EnsureSuccess();

        (await Node.ContainerdRunAsync()).Should().Be(containerd);
        await ShouldBeAliveAsync(before);
        (await CanOpenRawSocketsAsync(before)).Should().BeFalse();
        (await CanOpenRawSocketsAsync(await Node.RunPodAsync())).Should().BeTrue();
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
        var runc = Array.FindIndex(lines, line => line.Contains("runtimes.runc]", StringComparison.Ordinal));
        var end = Array.FindIndex(lines, line => line.Contains("SystemdCgroup", StringComparison.Ordinal));
        Node.WriteFile(ConfigurationFile, string.Join('\n', lines.Where((_, index) => index < runc || index > end)));
        await Node.RestartContainerdAsync();

        await InstalledAsync();

        await ShouldRunInGVisorAsync(await Node.RunPodAsync());
        await ShouldBeAliveAsync(await Node.RunPodAsync(handler: ""));
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
