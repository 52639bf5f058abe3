// SPDX-License-Identifier: Apache-2.0

using System.Net.Sockets;
using Microsoft.Extensions.Logging;
using RuntimeGVisor.NodeConfiguration;
using RuntimeGVisor.NodeInstaller.Files;

namespace RuntimeGVisor.NodeInstaller.Convergence;

/// <summary>
/// Wakes the installer when somebody changes the files that it looks after or containerd is gone, and now and then without: inotify does not
/// see everything (a directory that did not exist, a file below another mount), and a node may have none of it left. Then it polls.
/// </summary>
internal sealed partial class NodeWatch : IAsyncDisposable
{
    // gardener-node-agent truncates and then writes: a look right at the first event would find half a file.
    private static readonly TimeSpan DebounceDelay = TimeSpan.FromMilliseconds(200);

    // A containerd that is killed leaves its socket, and one that hangs in its start makes none: neither changes a file.
    private static readonly TimeSpan ProbeInterval = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan ProbeTimeout = TimeSpan.FromSeconds(5);

    private readonly SemaphoreSlim _changed = new(0, 1);
    private readonly Dictionary<string, WatchedDirectory> _watched = new(StringComparer.Ordinal);
    private readonly IReadOnlyList<(string Path, bool WithSubdirectories)> _directories;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly UnixDomainSocketEndPoint _containerd;
    private readonly CancellationTokenSource _disposed = new();
    private readonly Task _probes;
    private volatile bool _isIncomplete;
    private volatile bool _isPolling;

    public NodeWatch(NodeInstallerConfiguration desired, NodeLayout layout, TimeProvider time, ILogger logger)
    {
        (_time, _logger) = (time, logger);
        var configuration = Path.GetDirectoryName(layout.ConfigurationFile)!;
        _directories =
        [
            (configuration, false),
            (Path.Join(configuration, "conf.d"), false),
            (desired.BinaryDirectory, false),
            (Path.Join(desired.BinaryDirectory, "gvisor"), true),
            // containerd makes its socket again whenever it starts.
            (Path.GetDirectoryName(layout.ContainerdSocket)!, false),
        ];
        _containerd = new(layout.ContainerdSocket);
        _probes = ProbeAsync(_disposed.Token);
        Renew();
    }

    /// <summary>How long changes may go unseen where inotify cannot be had. Default: 30 s.</summary>
    public TimeSpan PollInterval { get; init; } = TimeSpan.FromSeconds(30);

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

            // A watch that was refused is not asked for again: the library keeps its inotify instance, and root's other programs need some.
            if (!_isPolling && inode is { } found && !_watched.ContainsKey(path) && Directory.Exists(path))
            {
                TryWatch(path, found, withSubdirectories);
            }
        }
    }

    /// <summary>Waits for a change and until it has settled, or for a time.</summary>
    /// <returns>Whether there was a change.</returns>
    public async Task<bool> WaitAsync(TimeSpan max, CancellationToken cancellationToken)
    {
        using var timeout = new CancellationTokenSource(_isPolling && max > PollInterval ? PollInterval : max, _time);
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
        await Task.Delay(DebounceDelay, _time, cancellationToken);
        await _changed.WaitAsync(TimeSpan.Zero, cancellationToken);
    }

    public async ValueTask DisposeAsync()
    {
        await _disposed.CancelAsync();
        await _probes.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        Forget(_watched.Keys);
        _changed.Dispose();
        _disposed.Dispose();
    }

    private void TryWatch(string path, ulong inode, bool withSubdirectories)
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
        watcher.Error += (_, error) => Fail(error.GetException());
        try
        {
            watcher.EnableRaisingEvents = true;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            watcher.Dispose();
            Fail(exception);
            return;
        }

        _watched[path] = new(inode, watcher);
    }

    private void Fail(Exception exception)
    {
        if (exception is InternalBufferOverflowException)
        {
            // More changes than the kernel keeps for us: what they were is found by looking.
            _isIncomplete = true;
            Wake();
        }
        else if (!_isPolling)
        {
            _isPolling = true;
            LogPolling(PollInterval.TotalSeconds, exception.Message);
        }
    }

    private void Forget(IEnumerable<string> paths)
    {
        foreach (var path in paths.ToArray())
        {
            _watched[path].Watcher.Dispose();
            _watched.Remove(path);
        }
    }

    private async Task ProbeAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            await Task.Delay(ProbeInterval, _time, cancellationToken);
            using var timeout = new CancellationTokenSource(ProbeTimeout, _time);
            using var either = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, cancellationToken);
            using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
            try
            {
                await socket.ConnectAsync(_containerd, either.Token);
            }
            catch (Exception exception) when (exception is SocketException or OperationCanceledException && !cancellationToken.IsCancellationRequested)
            {
                Wake();
            }
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

    [LoggerMessage(LogLevel.Warning, "inotify cannot be had, so the node is looked at every {Seconds} s: {Error}")]
    private partial void LogPolling(double seconds, string error);

    private sealed record WatchedDirectory(ulong Inode, FileSystemWatcher Watcher);
}
