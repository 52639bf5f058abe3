// SPDX-License-Identifier: Apache-2.0

using Grpc.Core;
using NodeTestBed;

namespace Node.Tests;

/// <summary>Whatever goes wrong, the node keeps running what it ran before, and the installer says why.</summary>
public abstract class FailureTests(TestNode node) : NodeTest(node)
{
    [Fact]
    public async Task A_configuration_that_someone_broke_is_named_and_left_alone()
    {
        Node.WriteFile(ConfigurationFile, Node.ReadFile(ConfigurationFile) + "\n[broken\n");
        var broken = Node.ReadFile(ConfigurationFile);
        var containerd = await Node.ContainerdRunAsync();

        var result = await Installer().InstallAsync();

        result.ExitCode.Should().Be(1, result.ToString());
        result.Error.Should().Contain(ConfigurationFile);
        Node.ReadFile(ConfigurationFile).Should().Be(broken);
        (await Node.ContainerdRunAsync()).Should().Be(containerd, "a restart would have ended it");
        (await Node.Runtime.IsReadyAsync(CancellationToken)).Should().BeTrue();
    }

    /// <summary>systemd refuses a sixth start within ten seconds, here within an hour, whoever asked for the five before.</summary>
    [Fact]
    [EveryRun]
    public async Task A_containerd_that_others_restart_all_the_time_comes_up_after_the_installer()
    {
        await AddToContainerdsUnitAsync("[Unit]\nStartLimitIntervalSec=1h\nStartLimitBurst=5");
        (await Node.RunAsync("systemctl", "reset-failed", "containerd.service")).EnsureSuccess();
        for (var restart = 0; restart < 5; restart++)
        {
            (await Node.RunAsync("systemctl", "restart", "containerd.service")).EnsureSuccess();
        }

        (await Installer().InstallAsync()).EnsureSuccess();

        await ShouldRunInGVisorAsync(await Node.RunPodAsync());
    }

    [Fact]
    [EveryRun]
    public async Task A_containerd_that_does_not_start_with_the_handler_gets_its_configuration_back()
    {
        var pod = await Node.RunPodAsync(handler: "runc");
        var before = Node.ReadFile(ConfigurationFile);
        await AddToContainerdsUnitAsync($"ExecStartPre=/bin/sh -c '! grep -q runtimes.runsc {ConfigurationFile}'");

        var result = await Installer().InstallAsync();

        result.ExitCode.Should().Be(1, result.ToString());
        Node.ReadFile(ConfigurationFile).Should().Be(before);
        await Node.WaitUntilContainerdIsReadyAsync();
        await ShouldBeAliveAsync(pod);
    }

    [Fact]
    public async Task A_containerd_without_a_working_CRI_is_given_back_its_configuration()
    {
        var pod = await Node.RunPodAsync(handler: "runc");
        var before = Node.ReadFile(ConfigurationFile);

        // The service is active, only its CRI is not there: what a refused runtime table looks like.
        await AddToContainerdsUnitAsync(
            $"ExecStartPre=/bin/sh -c 'if grep -q runtimes.runsc {ConfigurationFile}; then echo \"ARGS=--address=/run/elsewhere.sock\"; fi > /run/test-environment'\n"
            + "EnvironmentFile=-/run/test-environment\nExecStart=\nExecStart=/usr/bin/containerd $ARGS");

        var result = await Installer().InstallAsync();

        result.ExitCode.Should().Be(1, result.ToString());
        Node.ReadFile(ConfigurationFile).Should().Be(before);
        await Node.WaitUntilContainerdIsReadyAsync();
        await ShouldBeAliveAsync(pod);
    }

    [Fact]
    public async Task A_release_that_failed_after_a_restart_is_not_tried_again_before_a_change()
    {
        var pod = await Node.RunPodAsync(handler: "runc");
        var before = Node.ReadFile(ConfigurationFile);
        await AddToContainerdsUnitAsync($"ExecStartPre=/bin/sh -c '! grep -q runtimes.runsc {ConfigurationFile}'");
        var installer = Installer() with { Configuration = Installer().Configuration with { MaxRestartsPerHour = 1 } };
        var first = await installer.InstallAsync();
        await Node.WaitUntilContainerdIsReadyAsync();
        var containerd = await Node.ContainerdRunAsync();

        var second = await installer.InstallAsync();

        first.Error.Should().Contain("ContainerdRestartFailed", first.ToString());
        second.ExitCode.Should().Be(1, second.ToString());
        second.Error.Should().Contain("ContainerdRestartFailed").And.Contain("it is tried again when");
        Node.ReadFile(ConfigurationFile).Should().Be(before, "whoever restarts containerd now must get it up");
        (await Node.ContainerdRunAsync()).Should().Be(containerd);
        await ShouldBeAliveAsync(pod);
    }

    /// <summary>The pod of the installer is replaced at the worst moment. No new one starts on a node whose containerd is down.</summary>
    [Fact]
    public async Task An_installer_that_is_stopped_while_containerd_is_down_rolls_back_first()
    {
        var before = Node.ReadFile(ConfigurationFile);
        await AddToContainerdsUnitAsync(
            $"ExecStartPre=/bin/sh -c 'grep -q runtimes.runsc {ConfigurationFile} || exit 0; touch /run/restart-begun; sleep 1; exit 1'");
        await using var installer = await Installer().StartAsync("install");
        await Eventually.BecomesTrueAsync(
            "containerd is restarted", TimeSpan.FromSeconds(20), () => File.Exists(Node.PathOf("/run/restart-begun")), installer.ToString);

        await installer.SignalAsync("TERM");
        var end = await installer.EndAsync(TimeSpan.FromSeconds(20));

        end.ExitCode.Should().Be(0, end.ToString());
        Node.ReadFile(ConfigurationFile).Should().Be(before);
        await Node.WaitUntilContainerdIsReadyAsync();
        File.Delete(Node.PathOf("/run/restart-begun"));
    }

    [Fact]
    public async Task A_flag_with_which_no_sandbox_starts_is_found_out_before_anything_is_switched()
    {
        await InstalledAsync();
        var configuration = Node.ReadFile(ConfigurationFile);
        var containerd = await Node.ContainerdRunAsync();

        // The node has no /dev/kvm, and runsc itself takes the flag.
        var result = await Installer().WithFlag("platform", "kvm").InstallAsync();

        result.ExitCode.Should().Be(1, result.ToString());
        result.Error.Should().Contain("RunscFailed").And.Contain("kvm");
        Node.ReadFile(ConfigurationFile).Should().Be(configuration);
        (await Node.ContainerdRunAsync()).Should().Be(containerd);
        await ShouldRunInGVisorAsync(await Node.RunPodAsync());
    }

    [Fact]
    public async Task A_containerd_that_takes_half_a_minute_to_start_is_not_taken_for_a_broken_one()
    {
        await AddToContainerdsUnitAsync("ExecStartPre=/bin/sleep 28\nTimeoutStartSec=90");
        var restarts = await RestartsAsync();

        var result = await Installer().InstallAsync();

        result.ExitCode.Should().Be(0, result.ToString());
        (await RestartsAsync()).Should().Be(restarts + 1);
    }

    /// <summary>The restart that a killed installer left to the next one must not be made blindly.</summary>
    [Fact]
    public async Task A_pending_restart_waits_while_containerd_would_not_start_with_its_configuration()
    {
        await InstalledAsync(OldVersion);
        var installer = Installer(NewVersion);
        var (isKilled, killed) = await InstallerSteps.RunAsync(
            installer,
            _ => Node.ReadFile($"{TestNode.StateDirectory}/journal.json").Contains("\"restartPending\": true", StringComparison.Ordinal)
                && Node.ReadFile(ConfigurationFile).Contains(NewVersion, StringComparison.Ordinal),
            "install",
            "--once");
        isKilled.Should().BeTrue(killed.ToString());

        Node.WriteFile("/etc/containerd/conf.d/99.toml", "this is not toml");
        var containerd = await Node.ContainerdRunAsync();
        var result = await installer.InstallAsync();

        result.ExitCode.Should().Be(1, result.ToString());
        (await Node.ContainerdRunAsync()).Should().Be(containerd);
        (await Node.Runtime.IsReadyAsync(CancellationToken)).Should().BeTrue();
    }

    [Fact]
    public async Task Another_gVisor_on_the_node_lives_through_installation_and_uninstallation()
    {
        var mine = "/usr/local/bin";
        foreach (var file in (string[])["runsc", "containerd-shim-runsc-v1"])
        {
            File.Copy(Path.Combine(Node.GVisor(OldVersion), file), Node.PathOf($"{mine}/{file}"), overwrite: true);
        }

        Node.WriteFile(GoRunscConfigurationFile, "[runsc_config]\n  net-raw = \"false\"\n");
        Node.WriteFile(ConfigurationFile, Node.ReadFile(ConfigurationFile) + $"""

            [{Runtimes}.gvisor-hand]
              runtime_type = "io.containerd.runsc.v1"
              [{Runtimes}.gvisor-hand.options]
                TypeUrl = "io.containerd.runsc.v1.options"
                ConfigPath = "{GoRunscConfigurationFile}"

            """);
        await Node.RestartContainerdAsync();
        var pod = await Node.RunPodAsync("gvisor-hand");
        try
        {
            await InstalledAsync(NewVersion);
            await ShouldBeAliveAsync(pod);
            ShouldRunVersion(await Node.RunPodAsync("gvisor-hand"), OldVersion);

            (await Installer().UninstallAsync()).EnsureSuccess();
            await ShouldBeAliveAsync(pod);
            Node.ReadFile(GoRunscConfigurationFile).Should().Contain("net-raw");
        }
        finally
        {
            await pod.RemoveAsync(CancellationToken);
            await Node.RunAsync("rm", $"{mine}/runsc", $"{mine}/containerd-shim-runsc-v1");
        }
    }

    /// <summary>containerd 1.6 does not wait for such a container.</summary>
    private protected async Task AssertRestartGetsByUnstartedContainerAsync()
    {
        await InstalledAsync(OldVersion);
        var old = await Node.RunPodAsync();
        await using var container = await UnstartedContainer.CreateAsync(Node);

        var result = await Installer(NewVersion).InstallAsync();

        result.ExitCode.Should().Be(0, result.ToString());
        await ShouldBeAliveAsync(old);
        ShouldRunVersion(await Node.RunPodAsync(), NewVersion);
    }

    private protected async Task AssertStartIsWaitedForAsync()
    {
        await InstalledAsync(OldVersion);
        await Node.RunPodAsync();
        await using var starts = await SlowStarts.BeginAsync(Node);
        var starting = Node.Runtime.RunSandboxAsync("runsc", CancellationToken);
        await starts.WaitForOneAsync();
        var containerd = await Node.ContainerdRunAsync();
        await using var installer = await Installer(NewVersion).StartAsync("install");
        await Eventually.BecomesTrueAsync(
            "the restart is due",
            TimeSpan.FromSeconds(20),
            () => installer.ToString().Contains("\"step\":\"Restart\"", StringComparison.Ordinal),
            installer.ToString);
        await Task.Delay(TimeSpan.FromSeconds(1), TimeProvider.System, CancellationToken);
        (await Node.ContainerdRunAsync()).Should().Be(containerd);

        starts.LetGo();

        await installer.WaitUntilReadyAsync();
        (await Node.ContainerdRunAsync()).Should().NotBe(containerd);
        installer.ToString().Should().NotContain("ended the shim");
        try
        {
            await starting;
        }
        catch (RpcException)
        {
            // On a busy machine containerd may be asked to end before it has told that the sandbox runs.
        }
    }

    private protected async Task AssertKilledContainerdComesUpAsync()
    {
        await using var installer = await Installer().StartAsync("install");
        await installer.WaitUntilReadyAsync();
        await using var container = await UnstartedContainer.CreateAsync(Node);

        (await Node.RunAsync("systemctl", "kill", "--kill-who=main", "--signal=KILL", "containerd.service")).EnsureSuccess();

        await Eventually.BecomesTrueAsync("containerd serves nobody", TimeSpan.FromSeconds(10), async stop => !await Node.Runtime.IsReadyAsync(stop));
        await Eventually.BecomesTrueAsync("containerd serves the CRI", TimeSpan.FromSeconds(40), Node.Runtime.IsReadyAsync, installer.ToString);
        await installer.WaitUntilReadyAsync();
        await ShouldRunInGVisorAsync(await Node.RunPodAsync());
    }

    [Theory]
    [InlineData(TestNode.BinaryDirectory + "/gvisor", TestNode.BinaryDirectory)]
    [InlineData(TestNode.BinaryDirectory + "/link", TestNode.BinaryDirectory + "/link")]
    public async Task A_binary_directory_that_leads_out_of_its_tree_is_refused(string link, string binaryDirectory)
    {
        (await Node.RunAsync("mkdir", "/etc/containerd/elsewhere")).EnsureSuccess();
        (await Node.RunAsync("ln", "-s", "/etc/containerd/elsewhere", link)).EnsureSuccess();
        var files = await Node.FilesAsync();
        var installer = Installer();

        var result = await (installer with { Configuration = installer.Configuration with { BinaryDirectory = binaryDirectory } }).InstallAsync();

        result.ExitCode.Should().Be(1, result.ToString());
        result.Error.Should().Contain("ReleaseInvalid").And.Contain($"{link} is a symbolic link to /etc/containerd/elsewhere");
        (await Node.FilesAsync()).Should().Be(files);
    }

    /// <summary>What NVIDIA's toolkit does on containerd 1.x, where an imported section replaces the main file's. containerd 2 merges them.</summary>
    private protected async Task AssertMaskingFileIsNamedAsync()
    {
        var copy = Node.ReadFile(ConfigurationFile).Replace("imports = [\"/etc/containerd/conf.d/*.toml\"]\n", "", StringComparison.Ordinal);
        Node.WriteFile("/etc/containerd/conf.d/99-nvidia.toml", copy);
        await Node.RestartContainerdAsync();
        var before = Node.ReadFile(ConfigurationFile);

        var result = await Installer().InstallAsync();

        result.ExitCode.Should().Be(1, result.ToString());
        result.Error.Should().Contain("99-nvidia.toml");
        Node.ReadFile(ConfigurationFile).Should().Be(before);
        Directory.EnumerateFileSystemEntries(Node.PathOf(TestNode.BinaryDirectory)).Select(Path.GetFileName).Should().Equal("gvisor");
        File.Exists(Node.PathOf($"{TestNode.BinaryDirectory}/gvisor/current")).Should().BeFalse("nothing is switched to a release that cannot be served");
        await ShouldBeAliveAsync(await Node.RunPodAsync(handler: "runc"));
    }

    /// <summary>The running process says which configuration it reads; the unit's text does not.</summary>
    [Theory]
    [InlineData("ExecStart=/bin/sh -c 'exec containerd --config /etc/containerd/config.toml'")]
    [InlineData("Environment=CFG=/etc/containerd/config.toml\nExecStart=/usr/bin/containerd --config ${CFG}")]
    [InlineData("ExecStart=/usr/bin/env PATH=/var/bin/containerruntimes:/usr/sbin:/usr/bin containerd --config /etc/containerd/config.toml")]
    public async Task A_containerd_behind_a_wrapper_gets_the_handler(string lines)
    {
        await AddToContainerdsUnitAsync($"ExecStart=\n{lines}");
        await Node.RestartContainerdAsync();

        await InstalledAsync();

        await ShouldRunInGVisorAsync(await Node.RunPodAsync());
    }

    [Fact]
    public async Task A_full_disk_leaves_the_installed_version_in_place()
    {
        // Room for one version and a half.
        await using var disk = await MountAsync("-t", "tmpfs", "-o", "size=56m", "small", TestNode.BinaryDirectory);
        await InstalledAsync(OldVersion);
        var files = await Node.FilesAsync();

        var result = await Installer(NewVersion).InstallAsync();

        result.ExitCode.Should().Be(1, result.ToString());
        result.Error.Should().ContainAny("space", "full", "ENOSPC");
        ShouldRunVersion(await Node.RunPodAsync(), OldVersion);
        Listing(await Node.FilesAsync()).Should().Equal(Listing(files), "what was begun is taken away");
    }

    [Theory]
    [InlineData(TestNode.BinaryDirectory)]
    [InlineData("/etc/containerd")]
    [InlineData("/var/lib/gvisor-node-installer")]
    public async Task A_read_only_target_leaves_the_installed_version_in_place(string target)
    {
        (await Installer(OldVersion).WithFlag("net-raw", "false").InstallAsync()).EnsureSuccess();
        var pod = await Node.RunPodAsync();
        var files = await Node.FilesAsync();
        var containerd = await Node.ContainerdRunAsync();
        await using var bind = await MountAsync("--bind", target, target);
        (await Node.RunAsync("mount", "-o", "remount,bind,ro", target)).EnsureSuccess();

        var result = await Installer(NewVersion).WithFlag("net-raw", "true").InstallAsync();

        result.ExitCode.Should().Be(1, result.ToString());
        result.Error.Should().Contain(target);
        (await Node.ContainerdRunAsync()).Should().Be(containerd);
        await ShouldBeAliveAsync(pod);
        await ShouldRunInGVisorAsync(await Node.RunPodAsync());
        if (target == TestNode.BinaryDirectory)
        {
            Listing(await Node.FilesAsync()).Should().Equal(Listing(files));
        }
    }

    [Fact]
    public async Task An_installation_that_could_not_be_recorded_is_not_begun()
    {
        await InstalledAsync(OldVersion);
        var files = await Node.FilesAsync();
        await using var bind = await MountAsync("--bind", "/var/lib/gvisor-node-installer", "/var/lib/gvisor-node-installer");
        (await Node.RunAsync("mount", "-o", "remount,bind,ro", "/var/lib/gvisor-node-installer")).EnsureSuccess();

        var result = await Installer(NewVersion).InstallAsync();

        result.ExitCode.Should().Be(1, result.ToString());
        (await Node.FilesAsync()).Should().Be(files);
    }

    [Fact]
    public async Task A_release_with_a_wrong_file_is_refused_before_anything_changes()
    {
        var files = Directory.EnumerateFiles(Node.GVisor(NewVersion)).ToDictionary(path => Path.GetFileName(path), StringComparer.Ordinal);
        var image = InstallerImage.Create(Node, $"wrong-{Guid.NewGuid():N}", NewVersion, files);
        await File.WriteAllTextAsync(Path.Combine(image.Directory, "gvisor", "runsc"), "<?xml version='1.0'?><Error><Code>NoSuchKey</Code></Error>");
        await InstalledAsync(OldVersion);
        var before = await Node.FilesAsync();

        var result = await new Installer(Node, image).InstallAsync();

        result.ExitCode.Should().Be(1, result.ToString());
        result.Error.Should().Contain("runsc");
        (await Node.FilesAsync()).Should().Be(before);
        await ShouldRunInGVisorAsync(await Node.RunPodAsync());
    }

    /// <summary>Type and name of each file: what is left when times do not matter.</summary>
    private static IEnumerable<string> Listing(string files) =>
        files.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => line.Split(' ')).Select(fields => $"{fields[1]} {fields[0]}");

    private async Task AddToContainerdsUnitAsync(string lines)
    {
        Node.WriteFile("/etc/systemd/system/containerd.service.d/test.conf", $"[Service]\n{lines}\n");
        (await Node.RunAsync("systemctl", "daemon-reload")).EnsureSuccess();
    }

    private async Task<Unmount> MountAsync(params string[] arguments)
    {
        (await Node.RunAsync(["mount", .. arguments])).EnsureSuccess();
        return new(Node, arguments[^1]);
    }

    private sealed class Unmount(TestNode node, string path) : IAsyncDisposable
    {
        public async ValueTask DisposeAsync() => await node.RunAsync("umount", "--lazy", path);
    }
}
