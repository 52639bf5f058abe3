// SPDX-License-Identifier: Apache-2.0

using NodeTestBed;

namespace Node.Tests;

/// <summary>The running installer keeps the node as it shall be, whoever changes it.</summary>
public abstract class DriftTests(TestNode node) : NodeTest(node)
{
    private static readonly TimeSpan RepairTime = TimeSpan.FromSeconds(30);

    [Fact]
    public async Task A_truncated_file_of_flags_is_written_again()
    {
        await using var installer = await RunningInstallerAsync();
        var path = ConfigPathOf(Node.ReadFile(ConfigurationFile));
        var flags = Node.ReadFile(path);
        var containerd = await Node.ContainerdRunAsync();

        Node.WriteFile(path, "");

        await Eventually.BecomesTrueAsync("the flags are back", RepairTime, () => Node.ReadFile(path) == flags, installer.ToString);
        (await Node.ContainerdRunAsync()).Should().Be(containerd);
    }

    [Fact]
    public async Task A_removed_handler_is_entered_again()
    {
        var without = Node.ReadFile(ConfigurationFile);
        await using var installer = await RunningInstallerAsync();
        var with = Node.ReadFile(ConfigurationFile);

        Node.WriteFile(ConfigurationFile, without);

        await Eventually.BecomesTrueAsync("the handler is back", RepairTime, () => Node.ReadFile(ConfigurationFile) == with, installer.ToString);
        await installer.WaitUntilReadyAsync();
        await Node.RestartContainerdAsync();
        await ShouldRunInGVisorAsync(await Node.RunPodAsync());
    }

    [Fact]
    public async Task A_handler_that_containerd_forgot_is_served_again()
    {
        var without = Node.ReadFile(ConfigurationFile);
        await using var installer = await RunningInstallerAsync();

        // gardener-node-agent writes back what it read before the installation, and restarts containerd for reasons of its own.
        Node.WriteFile(ConfigurationFile, without);
        await Node.RunAsync("systemctl", "restart", "containerd.service");

        await Eventually.BecomesTrueAsync(
            "containerd serves the handler",
            RepairTime,
            async cancellationToken => await Node.Runtime.IsReadyAsync(cancellationToken)
                && (await Node.Runtime.ServedConfigurationAsync(cancellationToken)).Contains("runsc", StringComparison.Ordinal),
            installer.ToString);
        await installer.WaitUntilReadyAsync();
        await ShouldRunInGVisorAsync(await Node.RunPodAsync());
    }

    [Fact]
    public async Task Removed_executables_come_back()
    {
        await using var installer = await RunningInstallerAsync();

        (await Node.RunAsync("rm", $"{TestNode.BinaryDirectory}/runsc", $"{TestNode.BinaryDirectory}/containerd-shim-runsc-v1")).EnsureSuccess();

        await Eventually.BecomesTrueAsync(
            "the executables are back",
            RepairTime,
            () => File.Exists(Node.PathOf($"{TestNode.BinaryDirectory}/containerd-shim-runsc-v1")) && File.Exists(Node.PathOf($"{TestNode.BinaryDirectory}/runsc")),
            installer.ToString);
        await ShouldRunInGVisorAsync(await Node.RunPodAsync());
    }

    /// <summary>On a node where the directory of the releases came into being after the installer had started.</summary>
    [Theory]
    [InlineData("truncate -s 1000")]
    [InlineData("chmod a-x")]
    public async Task A_damaged_executable_is_replaced_at_once(string damage)
    {
        await using var installer = await RunningInstallerAsync();
        var runsc = $"{TestNode.BinaryDirectory}/gvisor/current/runsc";
        var sound = (await Node.RunAsync("stat", "-L", "-c", "%a %s", runsc)).EnsureSuccess().Output;

        // The kernel lets nobody write to an executable that runs: the proof's sandbox goes only after Ready.
        await Eventually.BecomesTrueAsync(
            "the executable can be damaged",
            RepairTime,
            async _ => (await Node.RunAsync("sh", "-c", $"{damage} {runsc}")).ExitCode == 0,
            installer.ToString);

        await Eventually.BecomesTrueAsync(
            "the executable is sound",
            RepairTime,
            async _ => (await Node.RunAsync("stat", "-L", "-c", "%a %s", runsc)).Output == sound,
            installer.ToString);
        await ShouldRunInGVisorAsync(await Node.RunPodAsync());
    }

    /// <summary>gardener-node-agent truncates the file before it writes it: half a file is no file of version 1.</summary>
    [Fact]
    public async Task A_configuration_that_is_being_written_is_waited_for()
    {
        await using var installer = await RunningInstallerAsync();
        var whole = Node.ReadFile(ConfigurationFile);

        Node.WriteFile(ConfigurationFile, "");
        await Eventually.BecomesTrueAsync(
            "the installer says that it waits",
            RepairTime,
            () => installer.ToString().Contains("ContainerdConfigurationMissing", StringComparison.Ordinal),
            installer.ToString);
        Node.ReadFile(ConfigurationFile).Should().BeEmpty();
        Node.WriteFile(ConfigurationFile, whole);

        await installer.WaitUntilReadyAsync();
        Node.ReadFile(ConfigurationFile).Should().Be(whole);
    }

    /// <summary>Root's other programs may have taken all instances, or all watches.</summary>
    [Theory]
    [InlineData("inotify_init1", 24)]
    [InlineData("inotify_add_watch", 28)]
    public async Task A_node_without_inotify_is_looked_at_now_and_then_and_the_log_says_so_once(string call, int error)
    {
        var refused = Installer() with { RefusedCalls = new Dictionary<string, int> { [call] = error } };
        await using var installer = await refused.StartAsync("install");
        await installer.WaitUntilReadyAsync();
        await installer.GetAsync("/metrics");

        installer.ToString().Split("inotify cannot be had").Should().HaveCount(2, installer.ToString());
        installer.ToString().Split("\"step\":\"Verify\"").Should().HaveCount(2, "it does not look again and again");
    }

    /// <summary>containerd 1.x lets it replace the whole section.</summary>
    private protected async Task AssertImportedFileThatHidesTheHandlerCostsNoRestartAsync()
    {
        await using var installer = await RunningInstallerAsync();
        var restarts = await RestartsAsync();
        Node.WriteFile(
            "/etc/containerd/conf.d/50-mirror.toml",
            "version = 2\n[plugins.\"io.containerd.grpc.v1.cri\".registry]\n  config_path = \"/etc/containerd/certs.d\"\n");

        await Node.RestartContainerdAsync();

        await Eventually.BecomesTrueAsync(
            "the file is named",
            RepairTime,
            () => installer.ToString().Contains("ContainerdConfigurationMasked", StringComparison.Ordinal),
            installer.ToString);
        installer.ToString().Should().Contain("50-mirror.toml");
        (await RestartsAsync()).Should().Be(restarts);
    }

    [Fact]
    public async Task A_rewrite_by_gardener_node_agent_that_keeps_the_handler_changes_nothing()
    {
        await InstalledAsync();
        var containerd = await Node.ContainerdRunAsync();
        var rewritten = NodeAgent.Rewrite(Node.ReadFile(ConfigurationFile));
        rewritten.Should().NotBe(Node.ReadFile(ConfigurationFile));
        Node.WriteFile(ConfigurationFile, rewritten);

        await InstalledAsync();

        Node.ReadFile(ConfigurationFile).Should().Be(rewritten);
        (await Node.ContainerdRunAsync()).Should().Be(containerd);
    }

    [Fact]
    public async Task A_stopped_installer_leaves_the_node_as_it_is()
    {
        await using var installer = await RunningInstallerAsync();
        var pod = await Node.RunPodAsync();
        var files = await Node.FilesAsync();

        await installer.SignalAsync("TERM");
        var end = await installer.EndAsync(TimeSpan.FromSeconds(10));

        end.ExitCode.Should().Be(0, end.ToString());
        (await Node.FilesAsync()).Should().Be(files);
        await ShouldBeAliveAsync(pod);
    }

    [Fact]
    public async Task Repairs_are_counted()
    {
        await using var installer = await RunningInstallerAsync();
        var before = await installer.GetAsync("/metrics");

        Node.WriteFile(ConfigPathOf(Node.ReadFile(ConfigurationFile)), "");

        await Eventually.BecomesTrueAsync(
            "a repair is counted",
            RepairTime,
            async _ => Repairs(await installer.GetAsync("/metrics")) > Repairs(before),
            installer.ToString);
    }

    private static double Repairs(string? metrics) =>
        metrics?.Split('\n')
            .Where(line => !line.StartsWith('#') && line.Contains("repair", StringComparison.Ordinal))
            .Sum(line => double.Parse(line.Split(' ')[^1])) ?? 0;

    private async Task<InstallerRun> RunningInstallerAsync()
    {
        var installer = await Installer().StartAsync("install");
        try
        {
            await installer.WaitUntilReadyAsync();
        }
        catch
        {
            await installer.DisposeAsync();
            throw;
        }

        return installer;
    }
}
