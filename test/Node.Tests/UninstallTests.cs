// SPDX-License-Identifier: Apache-2.0

using NodeTestBed;
using NodeTestBed.Cri;
using RuntimeGVisor.NodeConfiguration;

namespace Node.Tests;

public abstract class UninstallTests(TestNode node) : NodeTest(node)
{
    [Fact]
    [EveryRun]
    public async Task An_unused_installation_is_gone_without_a_trace()
    {
        var configuration = Node.ReadFile(ConfigurationFile);
        var pod = await Node.RunPodAsync(handler: "runc");
        await InstalledAsync();
        var containerd = await Node.ContainerdRunAsync();

        var result = await Installer().UninstallAsync();

        result.ExitCode.Should().Be(0, result.ToString());
        Node.ReadFile(ConfigurationFile).Should().Be(configuration);
        Directory.EnumerateFileSystemEntries(Node.PathOf(TestNode.BinaryDirectory)).Should().BeEmpty();
        Directory.EnumerateFileSystemEntries(Node.PathOf(TestNode.StateDirectory)).Should().BeEmpty();
        (await Node.ContainerdRunAsync()).Should().Be(containerd, "taking a handler away needs no restart");
        await ShouldBeAliveAsync(pod);
    }

    [Fact]
    [EveryRun]
    public async Task A_running_sandbox_keeps_its_files_and_is_named()
    {
        await InstalledAsync();
        var pod = await Node.RunPodAsync();

        var result = await Installer().UninstallAsync();

        result.ExitCode.Should().Be(0, result.ToString());
        result.Output.Should().Contain($"k8s.io/{pod.SandboxId[..13]}");
        Node.ReadFile(ConfigurationFile).Should().NotContain("runsc");
        await ShouldBeAliveAsync(pod);

        // containerd 2 executes nothing more in a sandbox whose handler it does not know after a restart; the sandbox runs on.
        await Node.RestartContainerdAsync();
        (await pod.StatusAsync(CancellationToken)).State.Should().Be(ContainerState.Running);
        ShouldRunVersion(pod, NewVersion);
    }

    [Fact]
    public async Task The_files_go_when_the_last_sandbox_is_gone()
    {
        await InstalledAsync();
        var pod = await Node.RunPodAsync();
        (await Installer().UninstallAsync()).EnsureSuccess();

        await pod.RemoveAsync(CancellationToken);
        (await Installer().UninstallAsync()).EnsureSuccess();

        Directory.EnumerateFileSystemEntries(Node.PathOf(TestNode.BinaryDirectory)).Should().BeEmpty();
    }

    /// <summary>What the DaemonSet does in its uninstall form.</summary>
    [Fact]
    public async Task A_running_uninstaller_is_ready_names_a_sandbox_that_is_left_and_ends_after_it()
    {
        await InstalledAsync();
        var pod = await Node.RunPodAsync();
        var installer = Installer();
        await using var uninstaller =
            await (installer with { Configuration = installer.Configuration with { DesiredState = DesiredState.Uninstalled } }).StartAsync("install");

        await uninstaller.WaitUntilReadyAsync();
        (await uninstaller.GetAsync("/readyz")).Should().Contain($"k8s.io/{pod.SandboxId[..13]}");
        uninstaller.ToString().Should().Contain($"k8s.io/{pod.SandboxId[..13]}", "kubectl logs shows it");
        await ShouldBeAliveAsync(pod);

        await pod.RemoveAsync(CancellationToken);

        await Eventually.BecomesTrueAsync(
            "the files are gone",
            TimeSpan.FromSeconds(20),
            () => !Directory.EnumerateFileSystemEntries(Node.PathOf(TestNode.BinaryDirectory)).Any(),
            uninstaller.ToString);
    }

    [Fact]
    public async Task A_clean_node_stays_as_it_is()
    {
        var files = await Node.FilesAsync();
        var containerd = await Node.ContainerdRunAsync();

        (await Installer().UninstallAsync()).EnsureSuccess();

        (await Node.FilesAsync()).Should().Be(files);
        (await Node.ContainerdRunAsync()).Should().Be(containerd);
    }

    [Fact]
    public async Task GVisor_can_come_back()
    {
        await InstalledAsync();
        (await Installer().UninstallAsync()).EnsureSuccess();

        await InstalledAsync();

        await ShouldRunInGVisorAsync(await Node.RunPodAsync());
    }
}
