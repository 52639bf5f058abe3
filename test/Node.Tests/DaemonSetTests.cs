// SPDX-License-Identifier: Apache-2.0

using NodeTestBed;
using NodeTestBed.Cri;

namespace Node.Tests;

/// <summary>The installer as in production: a pod of the containerd that it configures and restarts.</summary>
public abstract class DaemonSetTests(TestNode node) : NodeTest(node)
{
    [Fact]
    public async Task The_pod_gets_ready_with_gVisor_and_survives_its_own_restart_of_containerd()
    {
        var containerd = await Node.ContainerdRunAsync();
        var installer = await RunInstallerPodAsync();

        await BecomesReadyAsync(installer);

        (await Node.ContainerdRunAsync()).Should().NotBe(containerd);
        (await installer.StatusAsync(CancellationToken)).State.Should().Be(ContainerState.Running);
        await ShouldRunInGVisorAsync(await Node.RunPodAsync());
    }

    [Fact]
    public async Task The_end_of_the_pod_uninstalls_nothing()
    {
        var installer = await RunInstallerPodAsync();
        await BecomesReadyAsync(installer);
        var pod = await Node.RunPodAsync();
        var files = await Node.FilesAsync();

        await installer.StopAsync(grace: TimeSpan.FromSeconds(10), CancellationToken);

        (await installer.StatusAsync(CancellationToken)).ExitCode.Should().Be(0, Log(installer));
        (await Node.FilesAsync()).Should().Be(files);
        await ShouldBeAliveAsync(pod);
        await ShouldRunInGVisorAsync(await Node.RunPodAsync());
    }

    private async Task<Pod> RunInstallerPodAsync()
    {
        var installer = Installer();
        var image = await Node.ImportAsync(installer.Image);
        var configuration = await installer.WriteConfigurationAsync("daemon-set");
        return await Node.Runtime.RunPodAsync("runc", InstallerContainer.ToPodContainer(image, configuration), CancellationToken);
    }

    private async Task BecomesReadyAsync(Pod installer)
    {
        var address = await installer.AddressAsync(CancellationToken);
        await Eventually.BecomesTrueAsync(
            "the installer's pod is ready",
            TimeSpan.FromSeconds(20),
            async _ => await Node.GetAsync(address, 8080, "/readyz") is not null,
            () => Log(installer));
    }

    private string Log(Pod pod) => Node.ReadFile(pod.LogFile);
}
