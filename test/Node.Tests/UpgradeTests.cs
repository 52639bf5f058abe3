// SPDX-License-Identifier: Apache-2.0

using System.Text.Json.Nodes;
using Grpc.Core;
using NodeTestBed;

namespace Node.Tests;

public abstract class UpgradeTests(TestNode node) : NodeTest(node)
{
    [Fact]
    [EveryRun]
    public async Task A_new_gVisor_serves_new_pods_while_old_ones_keep_theirs()
    {
        await InstalledAsync(OldVersion);
        var old = await Node.RunPodAsync();
        ShouldRunVersion(old, OldVersion);

        await InstalledAsync(NewVersion);

        await ShouldBeAliveAsync(old);
        ShouldRunVersion(old, OldVersion);
        var young = await Node.RunPodAsync();
        await ShouldRunInGVisorAsync(young);
        ShouldRunVersion(young, NewVersion);
    }

    [Fact]
    public async Task A_new_gVisor_costs_one_restart()
    {
        await InstalledAsync(OldVersion);
        var restarts = await RestartsAsync();

        await InstalledAsync(NewVersion);

        (await RestartsAsync()).Should().Be(restarts + 1);
        ShouldRunVersion(await Node.RunPodAsync(), NewVersion);
    }

    /// <summary>It is in no list yet, and its shim reads its configuration for each of its containers.</summary>
    [Fact]
    [EveryRun]
    public async Task A_sandbox_that_is_being_created_during_an_upgrade_keeps_its_gVisor()
    {
        await InstalledAsync(OldVersion);
        await using var starts = await SlowStarts.BeginAsync(Node);
        var starting = Node.Runtime.RunSandboxAsync("runsc", CancellationToken);
        await starts.WaitForOneAsync();
        var upgrade = Installer(NewVersion).InstallAsync();
        await Task.Delay(TimeSpan.FromSeconds(2), TimeProvider.System, CancellationToken);

        starts.LetGo();
        (await upgrade).EnsureSuccess();

        var pod = await Node.Runtime.RunContainerAsync(await SandboxAsync(starting), CancellationToken);
        await ShouldBeAliveAsync(pod);
    }

    [Fact]
    public async Task Pods_of_the_old_gVisor_outlive_a_restart_of_containerd()
    {
        await InstalledAsync(OldVersion);
        var old = await Node.RunPodAsync();
        await InstalledAsync(NewVersion);

        await Node.RestartContainerdAsync();

        await ShouldBeAliveAsync(old);
        ShouldRunVersion(old, OldVersion);
    }

    /// <summary>The journal says since when; a test does not wait for an hour.</summary>
    [Fact]
    public async Task An_old_version_is_pruned_an_hour_after_its_last_pod()
    {
        await InstalledAsync(OldVersion);
        var old = await Node.RunPodAsync();
        await InstalledAsync(NewVersion);
        await InstalledAsync(NewVersion);
        JournalNode()["unusedSince"]!.AsObject().Should().BeEmpty("a pod uses it");

        await old.RemoveAsync(CancellationToken);
        await InstalledAsync(NewVersion);
        var journal = JournalNode();
        var unused = journal["unusedSince"]!.AsObject().Single();
        (await ExecutablesAsync()).Should().Be(4, "it has been unused for a moment only");
        journal["unusedSince"]![unused.Key] = TimeProvider.System.GetUtcNow().AddMinutes(-61);
        Node.WriteFile($"{TestNode.StateDirectory}/journal.json", journal.ToJsonString());
        await InstalledAsync(NewVersion);

        (await ExecutablesAsync()).Should().Be(2);
        await ShouldRunInGVisorAsync(await Node.RunPodAsync());
    }

    [Fact]
    public async Task A_downgrade_works_like_an_upgrade()
    {
        await InstalledAsync(NewVersion);
        var old = await Node.RunPodAsync();

        await InstalledAsync(OldVersion);

        await ShouldBeAliveAsync(old);
        ShouldRunVersion(await Node.RunPodAsync(), OldVersion);
    }

    [Fact]
    public async Task A_release_with_side_files_is_installed_as_one()
    {
        var files = Directory.EnumerateFiles(Node.GVisor(NewVersion)).ToDictionary(path => Path.GetFileName(path), StringComparer.Ordinal);
        files["gvisor-bin/gvisor_sentry"] = files["runsc"];
        var image = InstallerImage.Create(Node, $"side-files-{Guid.NewGuid():N}", "20260824.0", files);
        await InstalledAsync(OldVersion);

        (await new Installer(Node, image).InstallAsync()).EnsureSuccess();

        ShouldRunVersion(await Node.RunPodAsync(), NewVersion);
        (await Node.RunAsync("sh", "-c", $"[ -x $(dirname $(readlink -f {TestNode.BinaryDirectory}/containerd-shim-runsc-v1))/gvisor-bin/gvisor_sentry ]")).EnsureSuccess();
    }

    private protected async Task AssertPodThatStartsWhileTheNewGVisorIsCopiedLivesOnAsync()
    {
        await InstalledAsync(OldVersion);
        var large = Path.Combine(Node.SharedDirectory, "gvisor_sentry");
        File.Copy(Path.Combine(Node.GVisor(NewVersion), "runsc"), large);
        await using (var file = File.OpenWrite(large))
        {
            file.SetLength(200 * 1024 * 1024);
        }

        var files = Directory.EnumerateFiles(Node.GVisor(NewVersion)).ToDictionary(path => Path.GetFileName(path), StringComparer.Ordinal);
        files["gvisor-bin/gvisor_sentry"] = large;
        await using var upgrade = await new Installer(Node, InstallerImage.Create(Node, "large", NewVersion, files)).StartAsync("install", "--once");
        await Eventually.BecomesTrueAsync(
            "the new release is being copied",
            TimeSpan.FromSeconds(20),
            () => Directory.EnumerateDirectories(Node.PathOf($"{TestNode.BinaryDirectory}/gvisor"), ".staging-*").Any(),
            upgrade.ToString);

        // However long the pod takes to start, the copy is not done before.
        await upgrade.SignalAsync("STOP");
        Directory.EnumerateDirectories(Node.PathOf($"{TestNode.BinaryDirectory}/gvisor"), ".staging-*").Should().NotBeEmpty("or this tests nothing");
        var pod = await Node.RunPodAsync();
        await upgrade.SignalAsync("CONT");
        (await upgrade.EndAsync(TimeSpan.FromSeconds(60))).EnsureSuccess();

        await ShouldBeAliveAsync(pod);
        ShouldRunVersion(pod, OldVersion);
        ShouldRunVersion(await Node.RunPodAsync(), NewVersion);
    }

    // On a busy machine containerd may be told to end before it has answered. The kubelet then takes the sandbox that is there, or makes another.
    private async Task<string> SandboxAsync(Task<string> starting)
    {
        try
        {
            return await starting;
        }
        catch (RpcException exception) when (exception.StatusCode == StatusCode.Unavailable)
        {
            var pods = await Node.Runtime.PodsAsync(CancellationToken);
            return pods is [var pod, ..] ? pod.Id : await Node.Runtime.RunSandboxAsync("runsc", CancellationToken);
        }
    }

    private JsonNode JournalNode() => JsonNode.Parse(Node.ReadFile($"{TestNode.StateDirectory}/journal.json"))!;

    /// <summary>How many executables of gVisor lie below the binary directory.</summary>
    private async Task<int> ExecutablesAsync()
    {
        var answer = await Node.RunAsync("sh", "-c", $"find {TestNode.BinaryDirectory} -type f -size +1M | wc -l");
        return int.Parse(answer.EnsureSuccess().Output);
    }
}
