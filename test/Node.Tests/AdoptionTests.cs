// SPDX-License-Identifier: Apache-2.0

using System.Text.Json.Nodes;
using NodeTestBed;

namespace Node.Tests;

/// <summary>Nodes that the shell script of the Go extension set up.</summary>
public abstract class AdoptionTests(TestNode node) : NodeTest(node)
{
    [Fact]
    [EveryRun]
    public async Task A_node_of_the_Go_installer_is_taken_over_with_one_restart()
    {
        await GoInstaller.InstallAsync(Node, OldVersion, Node.ConfigurationVersion);
        var flags = Node.ReadFile(GoRunscConfigurationFile);

        await InstalledAsync(NewVersion);

        (await RestartsAsync()).Should().Be(1);
        ShouldRunVersion(await Node.RunPodAsync(), NewVersion);
        Node.ReadFile(GoRunscConfigurationFile).Should().Be(flags, "pods of the Go installer may read it");
    }

    /// <summary>A release that does not work here is found out before anything is switched, and what worked goes on working.</summary>
    [Fact]
    public async Task A_release_that_does_not_run_here_leaves_the_gVisor_of_the_Go_installer_in_place()
    {
        await GoInstaller.InstallAsync(Node, OldVersion, Node.ConfigurationVersion);
        var containerd = await Node.ContainerdRunAsync();
        var configuration = Node.ReadFile(ConfigurationFile);

        // The node has no /dev/kvm, and runsc itself takes the flag.
        var result = await Installer(NewVersion).WithFlag("platform", "kvm").InstallAsync();

        result.ExitCode.Should().Be(1, result.ToString());
        result.Error.Should().Contain("kvm");
        (await Node.ContainerdRunAsync()).Should().Be(containerd);
        Node.ReadFile(ConfigurationFile).Should().Be(configuration);
        ShouldRunVersion(await Node.RunPodAsync(), OldVersion);
    }

    [Fact]
    public async Task Pods_of_the_Go_installer_live_on_while_new_ones_get_the_new_gVisor()
    {
        await GoInstaller.InstallAsync(Node, OldVersion, Node.ConfigurationVersion);
        var pod = await Node.RunPodAsync();
        await ShouldRunInGVisorAsync(pod);

        await InstalledAsync(NewVersion);

        await ShouldBeAliveAsync(pod);
        ShouldRunVersion(await Node.RunPodAsync(), NewVersion);
    }

    [Fact]
    public async Task Pods_of_the_Go_installer_outlive_a_restart_of_containerd_after_the_takeover()
    {
        await GoInstaller.InstallAsync(Node, OldVersion, Node.ConfigurationVersion);
        var pod = await Node.RunPodAsync();

        await InstalledAsync(NewVersion);
        await Node.RestartContainerdAsync();

        await ShouldBeAliveAsync(pod);
    }

    /// <summary>What releases before 2026 did to a node whose configuration was newer than they knew. containerd 1.x would not start with it.</summary>
    private protected async Task AssertBlockForOlderConfigurationIsReplacedAsync()
    {
        await GoInstaller.InstallAsync(Node, NewVersion, Node.ConfigurationVersion - 1);
        var withBlock = () => Node.RunPodAsync();
        await withBlock.Should().ThrowAsync<Grpc.Core.RpcException>("the handler is not there").WithMessage("*runsc*");

        await InstalledAsync(NewVersion);

        (await Node.RunAsync("grep", "-c", "containerd.runtimes.runsc", ConfigurationFile)).Output.Should().Be("2\n");
        await ShouldRunInGVisorAsync(await Node.RunPodAsync());
    }

    [Fact]
    public async Task A_plan_shows_what_would_change_and_changes_nothing()
    {
        await GoInstaller.InstallAsync(Node, OldVersion, Node.ConfigurationVersion);
        var files = await Node.FilesAsync();

        var plan = await Installer().RunAsync("plan");

        plan.ExitCode.Should().Be(4, plan.ToString());
        plan.Output.Should().Contain($"+++ {ConfigurationFile}").And.Contain("# Stage: copy to").And.Contain("# Restart: restart containerd.service");
        var json = JsonNode.Parse((await Installer().RunAsync("plan", "--output", "json")).Output)!;
        ((bool)json["restartsContainerd"]!).Should().BeTrue();
        json["steps"]!.AsArray().Select(step => (string)step!["name"]!)
            .Should().Equal("Stage", "TryFlags", "EditConfiguration", "SwitchLinks", "Restart", "Verify", "LinkRunsc", "Record");
        json["files"]!.AsArray().Should().HaveCount(2);
        (await Node.FilesAsync()).Should().Be(files);
    }

    [Fact]
    public async Task Verify_and_status_tell_an_adopted_node_from_one_that_is_not()
    {
        await GoInstaller.InstallAsync(Node, OldVersion, Node.ConfigurationVersion);
        (await Installer().RunAsync("verify")).ExitCode.Should().Be(4);
        (await Installer().RunAsync("status")).ExitCode.Should().Be(4);

        await InstalledAsync();

        var verified = JsonNode.Parse((await Installer().RunAsync("verify", "--output", "json")).EnsureSuccess().Output)!;
        ((bool)verified["matchesDesired"]!).Should().BeTrue();
        verified["checks"]!.AsArray().Select(check => (string)check!["name"]!)
            .Should().Equal("release", "current", "runscConfiguration", "containerdConfiguration", "served", "verification");
        (await Installer().RunAsync("status")).EnsureSuccess().Output.Should().Contain(NewVersion);
        (await Installer().RunAsync("plan")).EnsureSuccess();
    }
}
