// SPDX-License-Identifier: Apache-2.0

using NodeTestBed;

namespace Node.Tests;

/// <summary>The nodes of the tests group their pods as a node of Gardener does: through systemd, whether our installer works there or not.</summary>
public abstract class CgroupTests(TestNode node) : NodeTest(node)
{
    [Fact]
    public async Task A_runc_pod_is_a_scope_of_systemd_below_the_slice_of_pods()
    {
        var pod = await Node.RunPodAsync(handler: "runc");

        var group = await Node.RunAsync("systemctl", "show", "--value", "-p", "ControlGroup", $"cri-containerd-{pod.ContainerId}.scope");

        group.Output.Should().Be($"/kubepods.slice/cri-containerd-{pod.ContainerId}.scope\n");
    }

    /// <summary>Debian's versions of gVisor know systemd with version 2 of the hierarchies only; with version 1 they take what containerd says for a name.</summary>
    [Theory]
    [InlineData(OldVersion)]
    [InlineData(NewVersion)]
    public async Task A_gVisor_pod_gets_a_group_in_the_form_of_systemd(string version)
    {
        await GoInstaller.InstallAsync(Node, version, Node.ConfigurationVersion, "  systemd-cgroup = \"true\"\n");

        var pod = await Node.RunPodAsync();

        await ShouldRunInGVisorAsync(pod);
        TestNode.SandboxGroups(pod).Should().HaveCountGreaterThan(1)
            .And.AllSatisfy(group => group.Should().EndWith($"/kubepods.slice:cri-containerd:{pod.SandboxId}"));
    }
}
