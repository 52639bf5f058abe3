// SPDX-License-Identifier: Apache-2.0

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

    [Fact]
    public async Task A_containerd_that_does_not_start_with_the_handler_is_given_back_its_configuration()
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
        await ShouldBeAliveAsync(await Node.RunPodAsync(handler: "runc"));
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
