// SPDX-License-Identifier: Apache-2.0

using Node.Tests.Cri;
using Node.Tests.TestBed;

namespace Node.Tests;

/// <summary>The installer is killed after each of its steps on the node, as a power cut would; the next run brings the node to its end.</summary>
public abstract class CrashTests(TestNode node) : NodeTest(node)
{
    private const int Killed = 137;

    [Fact]
    public Task A_killed_installation_is_completed_by_the_next_one() => KillAtEveryStepAsync(
        prepare: () => Task.CompletedTask,
        installer => installer.InstallAsync(),
        async () => await ShouldRunInGVisorAsync(await Node.RunPodAsync()));

    [Fact]
    public Task A_killed_upgrade_is_completed_by_the_next_one() => KillAtEveryStepAsync(
        prepare: async () =>
        {
            await InstalledAsync(OldVersion);
            _sandboxed = await Node.RunPodAsync();
        },
        installer => installer.InstallAsync(),
        async () => ShouldRunVersion(await Node.RunPodAsync(), NewVersion));

    [Fact]
    public Task A_killed_uninstallation_is_completed_by_the_next_one() => KillAtEveryStepAsync(
        prepare: () => InstalledAsync(),
        installer => installer.UninstallAsync(),
        () =>
        {
            Node.ReadFile(ConfigurationFile).Should().NotContain("runsc");
            Directory.EnumerateFileSystemEntries(Node.PathOf(TestNode.BinaryDirectory)).Should().BeEmpty();
            return Task.CompletedTask;
        });

    private Pod? _sandboxed;

    private async Task KillAtEveryStepAsync(Func<Task> prepare, Func<Installer, Task<CommandResult>> run, Func<Task> verify)
    {
        for (var step = 1; ; step++)
        {
            await Node.ResetAsync();
            await prepare();
            Pod[] pods = [await Node.RunPodAsync(handler: "runc"), .. _sandboxed is { } sandboxed ? [sandboxed] : Array.Empty<Pod>()];

            var killed = await run(Installer().KilledAfter(step));
            if (killed.ExitCode != Killed)
            {
                killed.EnsureSuccess();
                step.Should().BeGreaterThan(3, "each file and each restart is a step");
                TestContext.Current.TestOutputHelper?.WriteLine($"{step - 1} steps");
                return;
            }

            // Nobody waits for the next run: containerd serves whatever it served.
            await Node.WaitUntilContainerdIsReadyAsync();
            await Task.WhenAll(pods.Select(ShouldBeAliveAsync));

            var next = await run(Installer());

            next.ExitCode.Should().Be(0, $"killed after step {step}:\n{killed}\n{next}");
            await Task.WhenAll(pods.Select(ShouldBeAliveAsync));
            await verify();
        }
    }
}
