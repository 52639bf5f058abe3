// SPDX-License-Identifier: Apache-2.0

using Microsoft.Extensions.Logging.Abstractions;
using RuntimeGVisor.NodeConfiguration;
using RuntimeGVisor.NodeInstaller.Convergence;

namespace RuntimeGVisor.NodeInstaller.Tests.Convergence;

public sealed class NodeWatchTests : IDisposable
{
    private static readonly TimeSpan Quiet = TimeSpan.FromMilliseconds(300);
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(20);

    private readonly string _root = Directory.CreateTempSubdirectory("node-watch-tests-").FullName;

    private static CancellationToken CancellationToken => TestContext.Current.CancellationToken;

    private string Release => Path.Join(_root, "bin", "gvisor", "20260810.0-0123456789ab");

    public void Dispose() => Directory.Delete(_root, recursive: true);

    public static TheoryData<string, Action<string>> Changes() => new()
    {
        { "containerd's configuration is written", root => File.WriteAllText(Path.Join(root, "etc", "config.toml"), "version = 3\n") },
        { "containerd's configuration is replaced", root => File.Move(Path.Join(root, "etc", "other.toml"), Path.Join(root, "etc", "config.toml"), overwrite: true) },
        { "runsc's configuration is removed", root => File.Delete(Runsc(root) + "-0123.toml") },
        { "a file is imported", root => File.WriteAllText(Path.Join(root, "etc", "conf.d", "99.toml"), "") },
        { "a link is removed", root => File.Delete(Path.Join(root, "bin", "runsc")) },
        { "a file of the release is written", root => File.AppendAllText(Runsc(root), "x") },
        { "a file of the release can no longer be executed", root => File.SetUnixFileMode(Runsc(root), UnixFileMode.UserRead) },
        { "containerd makes its socket", root => File.WriteAllText(Path.Join(root, "run", "containerd.sock"), "") },
    };

    [Theory]
    [MemberData(nameof(Changes), DisableDiscoveryEnumeration = true)]
    public async Task A_change_wakes_the_installer(string what, Action<string> change)
    {
        LayOutNode();
        await using var watch = Watch();

        change(_root);

        (await watch.WaitAsync(Longest, CancellationToken)).Should().BeTrue(what);
        (await watch.WaitAsync(Quiet, CancellationToken)).Should().BeFalse("one change wakes once");
    }

    [Fact]
    public async Task Nothing_wakes_it_while_nothing_changes()
    {
        LayOutNode();
        await using var watch = Watch();
        // The library may still tell of directories that an earlier test has removed: inodes are used again.
        await watch.ForgetAsync(CancellationToken);

        _ = await File.ReadAllTextAsync(Path.Join(_root, "etc", "config.toml"), CancellationToken);

        (await watch.WaitAsync(Quiet, CancellationToken)).Should().BeFalse();
    }

    [Fact]
    public async Task A_directory_that_was_missing_at_the_start_is_watched_from_the_next_reconcile_on()
    {
        await using var watch = Watch();
        LayOutNode();
        watch.Renew();
        await watch.ForgetAsync(CancellationToken);

        await File.AppendAllTextAsync(Runsc(_root), "x", CancellationToken);

        (await watch.WaitAsync(Longest, CancellationToken)).Should().BeTrue();
    }

    [Fact]
    public async Task A_directory_that_was_made_again_is_watched_again()
    {
        LayOutNode();
        await using var watch = Watch();
        Directory.Move(Path.Join(_root, "etc"), Path.Join(_root, "before"));
        Directory.CreateDirectory(Path.Join(_root, "etc"));
        watch.Renew();
        await watch.ForgetAsync(CancellationToken);

        await File.WriteAllTextAsync(Path.Join(_root, "etc", "config.toml"), "version = 3\n", CancellationToken);

        (await watch.WaitAsync(Longest, CancellationToken)).Should().BeTrue();
    }

    private static string Runsc(string root) => Path.Join(root, "bin", "gvisor", "20260810.0-0123456789ab", "runsc");

    private void LayOutNode()
    {
        foreach (var directory in (string[])[Path.Join(_root, "etc", "conf.d"), Release, Path.Join(_root, "run")])
        {
            Directory.CreateDirectory(directory);
        }

        foreach (var file in (string[])["etc/config.toml", "etc/other.toml", "bin/runsc"])
        {
            File.WriteAllText(Path.Join(_root, file), "version = 2\n");
        }

        File.WriteAllText(Runsc(_root), "runsc");
        File.WriteAllText(Runsc(_root) + "-0123.toml", "");
    }

    private NodeWatch Watch() => new(
        new() { DesiredState = DesiredState.Installed, WorkerPool = "pool-a", BinaryDirectory = Path.Join(_root, "bin") },
        new() { ConfigurationFile = Path.Join(_root, "etc", "config.toml"), ContainerdSocket = Path.Join(_root, "run", "containerd.sock") },
        TimeProvider.System,
        NullLogger.Instance);
}
