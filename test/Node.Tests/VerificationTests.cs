// SPDX-License-Identifier: Apache-2.0

using System.Text.RegularExpressions;
using NodeTestBed;

namespace Node.Tests;

/// <summary>The sandbox with which the installer verifies a handler: neither the kubelet nor anybody after it may notice.</summary>
public abstract partial class VerificationTests(TestNode node) : NodeTest(node)
{
    private const string Namespace = "gvisor-node-installer";
    private const string Bundles = $"/run/containerd/io.containerd.runtime.v2.task/{Namespace}";
    private const int Kills = 6;

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_verification_passes_with_either_driver_of_cgroups(bool systemdCgroup)
    {
        await SetSystemdCgroupAsync(systemdCgroup);

        await InstalledAsync();

        Node.ReadFile(ConfigPathOf(Node.ReadFile(ConfigurationFile))).Contains("systemd-cgroup", StringComparison.Ordinal).Should().Be(systemdCgroup);
        await NothingRemainsAsync();
    }

    [Fact]
    public async Task No_list_of_the_CRI_shows_a_verification()
    {
        await InstalledAsync();
        var (seen, shown) = (false, new List<string>());
        await using var verify = await Installer().StartAsync("verify");
        var ended = verify.EndAsync(TimeSpan.FromMinutes(1));
        while (!ended.IsCompleted)
        {
            shown.AddRange(await Node.Runtime.IdsAsync(CancellationToken));
            seen |= Directory.Exists(Node.PathOf(Bundles)) && Directory.EnumerateDirectories(Node.PathOf(Bundles)).Any();
        }

        (await ended).EnsureSuccess();
        seen.Should().BeTrue("there was a sandbox to be shown");
        shown.Should().BeEmpty("a kubelet ends what it is shown and does not know");
    }

    [Fact]
    public async Task Nothing_of_a_failed_verification_remains()
    {
        await InstalledAsync();
        await ReplaceRunscAsync("echo no sandbox today >&2; exit 1");

        var verified = await Installer().RunAsync("verify");

        verified.ExitCode.Should().Be(4, verified.ToString());
        verified.Output.Should().Contain("verification: the sandbox does not start");
        await NothingRemainsAsync();
    }

    [Fact]
    [EveryRun]
    public async Task What_a_killed_verification_left_is_removed_by_the_next()
    {
        await InstalledAsync();
        for (var kill = 0; kill < Kills; kill++)
        {
            await using (var verify = await Installer().StartAsync("verify"))
            {
                await Eventually.BecomesTrueAsync(
                    "a sandbox is being made",
                    TimeSpan.FromSeconds(20),
                    () => Directory.Exists(Node.PathOf(Bundles)) && Directory.EnumerateDirectories(Node.PathOf(Bundles)).Any());
                await Task.Delay(TimeSpan.FromMilliseconds(kill * 150), TimeProvider.System, CancellationToken);
                await verify.SignalAsync("KILL");
            }

            (await Installer().RunAsync("verify")).EnsureSuccess();
            await NothingRemainsAsync();
        }
    }

    [Fact]
    public async Task A_verification_is_no_use_of_gVisor()
    {
        await InstalledAsync(OldVersion);
        await using (var verify = await Installer(OldVersion).StartAsync("verify"))
        {
            await Eventually.BecomesTrueAsync(
                "a sandbox is being made",
                TimeSpan.FromSeconds(20),
                () => Directory.Exists(Node.PathOf(Bundles)) && Directory.EnumerateDirectories(Node.PathOf(Bundles)).Any());
            await verify.SignalAsync("KILL");
        }

        var uninstalled = await Installer(OldVersion).UninstallAsync();

        uninstalled.EnsureSuccess().Output.Should().Contain("gVisor is not on this node");
        Directory.EnumerateFileSystemEntries(Node.PathOf(TestNode.BinaryDirectory)).Should().BeEmpty();
        await NothingRemainsAsync();
    }

    private async Task ReplaceRunscAsync(string script)
    {
        var runsc = (await OutputAsync("readlink", "-f", $"{TestNode.BinaryDirectory}/gvisor/current/runsc")).Trim();
        (await Node.RunAsync("rm", runsc)).EnsureSuccess();
        Node.WriteFile(runsc, $"#!/bin/sh\n{script}\n");
        (await Node.RunAsync("chmod", "755", runsc)).EnsureSuccess();
    }

    private async Task SetSystemdCgroupAsync(bool systemdCgroup)
    {
        var file = Node.ReadFile(ConfigurationFile);
        Node.WriteFile(ConfigurationFile, SystemdCgroupLine().Replace(file, $"SystemdCgroup = {(systemdCgroup ? "true" : "false")}"));
        await Node.RestartContainerdAsync();
    }

    private async Task NothingRemainsAsync()
    {
        (await OutputAsync("ctr", "namespaces", "list", "--quiet")).Should().NotContain(Namespace);
        (await OutputAsync("sh", "-c", "cat /proc/[0-9]*/cmdline | tr '\\0' ' '")).Should()
            .NotContain($"/runsc/{Namespace}").And.NotContain($"-namespace {Namespace}");
        // What images hold is nobody's leftover: the installer's own has directories of this name.
        (await OutputAsync("sh", "-c", $"find /run/containerd /var/lib/containerd -path '*/snapshots/*' -prune -o \\( -name '*verification-*' -o -name {Namespace} \\) -print"))
            .Should().BeEmpty();
        // Groups are the machine's: other nodes have some, too.
        var log = await OutputAsync("journalctl", "--no-pager", "--unit", "containerd.service");
        var groups = await OutputAsync("find", "/sys/fs/cgroup", "-type", "d", "-name", "*verification-*");
        groups.Split('\n').Where(group => log.Contains(Path.GetFileName(group).Split(':', '-')[^1].Split('.')[0], StringComparison.Ordinal) && group.Length > 0)
            .Should().BeEmpty("its groups are gone");
        (await OutputAsync("cat", "/proc/self/mounts")).Should().NotContain(Namespace);
        Directory.EnumerateFileSystemEntries(Node.PathOf(TestNode.StateDirectory)).Select(Path.GetFileName)
            .Where(name => !name!.StartsWith("unit-", StringComparison.Ordinal))
            .Should().BeSubsetOf(["gvisor-node-installer", "journal.json"], "of one that was killed what a unit printed stays");
    }

    private async Task<string> OutputAsync(params string[] command) => (await Node.RunAsync(command)).EnsureSuccess().Output;

    [GeneratedRegex("SystemdCgroup = (true|false)", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex SystemdCgroupLine();
}
