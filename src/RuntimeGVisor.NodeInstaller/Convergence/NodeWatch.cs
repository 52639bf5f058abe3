// SPDX-License-Identifier: Apache-2.0

using System.Net.Sockets;
using RuntimeGVisor.NodeInstaller.Files;
using NodeInstallerConfiguration = RuntimeGVisor.NodeConfiguration.NodeInstallerConfiguration;

namespace RuntimeGVisor.NodeInstaller.Convergence;

/// <summary>
/// Wakes the installer when somebody changes the files that it looks after or containerd is gone, and now and then without: inotify does not
/// see everything (a directory that did not exist, a file below another mount), and containerd may be restarted with something else.
/// </summary>
internal sealed class NodeWatch : IDisposable
{
    // gardener-node-agent truncates and then writes: a look right at the first event would find half a file.
    private static readonly TimeSpan Settle = TimeSpan.FromMilliseconds(200);

    // A containerd that is killed leaves its socket, and one that hangs in its start makes none: neither changes a file.
    private static readonly TimeSpan KnockInterval = TimeSpan.FromSeconds(10);

    private readonly SemaphoreSlim _changed = new(0, 1);
    private readonly Dictionary<string, WatchedDirectory> _watched = new(StringComparer.Ordinal);
    private readonly IReadOnlyList<(string Path, bool WithSubdirectories)> _directories;
    private readonly TimeProvider _time;
    private readonly UnixDomainSocketEndPoint _containerd;
    private readonly ITimer _knocks;
    private volatile bool _isIncomplete;

    public NodeWatch(NodeInstallerConfiguration wanted, TimeProvider time)
    {
        _time = time;
        var configuration = Path.GetDirectoryName(wanted.Containerd.ConfigurationFile)!;
        _directories =
        [
            (configuration, false),
            (Path.Join(configuration, "conf.d"), false),
            (Path.GetDirectoryName(wanted.RunscConfigurationFile)!, false),
            (wanted.BinaryDirectory, false),
            (Path.Join(wanted.BinaryDirectory, "gvisor"), true),
            // containerd makes its socket anew whenever it starts.
            (Path.GetDirectoryName(wanted.Containerd.Socket)!, false),
        ];
        _containerd = new(wanted.Containerd.Socket);
        _knocks = time.CreateTimer(_ => Knock(), null, KnockInterval, KnockInterval);
        Renew();
    }

    /// <summary>Watches what has come into being since the last call, also where something else had the name before.</summary>
    public void Renew()
    {
        if (_isIncomplete)
        {
            _isIncomplete = false;
            Forget(_watched.Keys);
        }

        foreach (var (path, withSubdirectories) in _directories)
        {
            var inode = LibC.FindStamp(path)?.Inode;
            if (_watched.TryGetValue(path, out var known) && known.Inode != inode)
            {
                Forget([path]);
            }

            if (inode is { } found && !_watched.ContainsKey(path) && Directory.Exists(path))
            {
                _watched[path] = new(found, Watch(path, withSubdirectories));
            }
        }
    }

    /// <summary>Waits for a change and until it has settled, or for a time.</summary>
    /// <returns>Whether there was a change.</returns>
    public async Task<bool> WaitAsync(TimeSpan longest, CancellationToken cancellationToken)
    {
        using var timeout = new CancellationTokenSource(longest, _time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, cancellationToken);
        try
        {
            await _changed.WaitAsync(either.Token);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return false;
        }

        await ForgetAsync(cancellationToken);
        return true;
    }

    /// <summary>Lets changes settle and forgets them.</summary>
    public async Task ForgetAsync(CancellationToken cancellationToken)
    {
        await Task.Delay(Settle, _time, cancellationToken);
        await _changed.WaitAsync(TimeSpan.Zero, cancellationToken);
    }

    public void Dispose()
    {
        _knocks.Dispose();
        Forget(_watched.Keys);
        _changed.Dispose();
    }

    private FileSystemWatcher Watch(string path, bool withSubdirectories)
    {
        var watcher = new FileSystemWatcher(path)
        {
            IncludeSubdirectories = withSubdirectories,
            NotifyFilter = NotifyFilters.FileName | NotifyFilters.DirectoryName | NotifyFilters.LastWrite | NotifyFilters.Attributes,
        };
        watcher.Changed += (_, _) => Wake();
        watcher.Created += (_, _) => Wake();
        watcher.Deleted += (_, _) => Wake();
        watcher.Renamed += (_, _) => Wake();
        // More changes than the kernel keeps for us: what they were is found by looking.
        watcher.Error += (_, _) =>
        {
            _isIncomplete = true;
            Wake();
        };
        watcher.EnableRaisingEvents = true;
        return watcher;
    }

    private void Forget(IEnumerable<string> paths)
    {
        foreach (var path in paths.ToArray())
        {
            _watched[path].Watcher.Dispose();
            _watched.Remove(path);
        }
    }

    private void Knock()
    {
        try
        {
            using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
            socket.Connect(_containerd);
        }
        catch (SocketException)
        {
            Wake();
        }
    }

    private void Wake()
    {
        try
        {
            _changed.Release();
        }
        catch (Exception exception) when (exception is SemaphoreFullException or ObjectDisposedException)
        {
            // A wake-up is due already, or nobody waits any more.
        }
    }

    private sealed record WatchedDirectory(ulong Inode, FileSystemWatcher Watcher);
}
