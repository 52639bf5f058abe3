// SPDX-License-Identifier: Apache-2.0

using NodeTestBed;
using NodeTestBed.Cri;

namespace Node.Tests;

/// <summary>
/// The installer is killed after each of its steps on the node, as a power cut would, and the next run completes the work. Pods run through
/// all of it, and the node is as clean at the end of a round as at its start, so nothing is reset in between. The nodes share the steps: with
/// three of them, each is killed after every third, and there is none that no node tries.
/// </summary>
public abstract class CrashTests(TestNode node) : NodeTest(node)
{
    private const int FewestSteps = 10;

    private int FirstStep => 1 + Node.AvailableVersions.TakeWhile(version => version != Node.ContainerdVersion).Count();

    private int Stride => Node.AvailableVersions.Count;

    [Fact]
    [EveryRun]
    public async Task Killed_installations_and_uninstallations_are_completed_by_the_next_run()
    {
        var installer = Unlimited(Installer());
        var pod = await Node.RunPodAsync(handler: "runc");
        var configuration = Node.ReadFile(ConfigurationFile);
        var (installed, uninstalled) = (false, false);
        for (var step = FirstStep; !installed || !uninstalled; step += Stride)
        {
            installed |= await RunsToItsEndDespiteKillAsync(step, installer, "install", pod);
            (await Node.Runtime.ServedConfigurationAsync(CancellationToken)).Should().Contain("runsc");

            uninstalled |= await RunsToItsEndDespiteKillAsync(step, installer, "uninstall", pod);
            Node.ReadFile(ConfigurationFile).Should().Be(configuration);
            Directory.EnumerateFiles(Node.PathOf("/etc/containerd")).Should().ContainSingle("no candidate is left over");
            Directory.EnumerateFileSystemEntries(Node.PathOf(TestNode.BinaryDirectory)).Should().BeEmpty();
            await Node.RestartContainerdAsync();
        }
    }

    [Fact]
    [EveryRun]
    public async Task Killed_upgrades_are_completed_by_the_next_run()
    {
        var files = Directory.EnumerateFiles(Node.GVisor(NewVersion)).ToDictionary(path => Path.GetFileName(path), StringComparer.Ordinal);
        var first = new Installer(Node, InstallerImage.Create(Node, $"first-{Guid.NewGuid():N}", "20240101.0", files));
        (await first.InstallAsync()).EnsureSuccess();
        var pod = await Node.RunPodAsync();
        var upgraded = false;
        for (var (step, version) = (FirstStep, OldVersion); !upgraded; step += Stride)
        {
            upgraded = await RunsToItsEndDespiteKillAsync(step, Unlimited(Installer(version)), "install", pod);
            version = version == OldVersion ? NewVersion : OldVersion;
        }

        await ShouldRunInGVisorAsync(await Node.RunPodAsync());
    }

    private static Installer Unlimited(Installer installer) =>
        installer with { Configuration = installer.Configuration with { MaxRestartsPerHour = 60 } };

    /// <summary>Runs once with the kill and, if that struck, once more.</summary>
    /// <returns>Whether there were fewer steps than the one to be killed at.</returns>
    private async Task<bool> RunsToItsEndDespiteKillAsync(int step, Installer installer, string verb, Pod pod)
    {
        var (isKilled, killed) = await InstallerSteps.RunAsync(installer, done => done == step, verb, "--once");
        if (!isKilled)
        {
            killed.ExitCode.Should().Be(0, killed.ToString());
            step.Should().BeGreaterThan(FewestSteps, "each change of a name and each restart is a step");
            return true;
        }

        // Nobody waits for the next run: containerd serves whatever it served, and pods live.
        await Node.WaitUntilContainerdIsReadyAsync();
        await ShouldBeAliveAsync(pod);

        var next = await installer.RunAsync(verb, "--once");

        next.ExitCode.Should().Be(0, $"killed after step {step}:\n{killed}\n{next}");
        await ShouldBeAliveAsync(pod);
        return false;
    }
}
