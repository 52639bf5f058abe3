// SPDX-License-Identifier: Apache-2.0

using NodeInstallerConfiguration = RuntimeGVisor.NodeConfiguration.NodeInstallerConfiguration;

namespace RuntimeGVisor.NodeInstaller.DriftDetection;

/// <summary>
/// Wakes the installer when somebody changes the files that it looks after, and now and then without: inotify does not see everything (a
/// directory that did not exist, a file below another mount), and containerd may be restarted with something else.
/// </summary>
internal sealed class NodeWatch : IDisposable
{
    // gardener-node-agent truncates and then writes: a look right at the first event would find half a file.
    private static readonly TimeSpan Settle = TimeSpan.FromMilliseconds(200);

    private readonly SemaphoreSlim _changed = new(0, 1);
    private readonly List<FileSystemWatcher> _watchers = [];
    private readonly TimeProvider _time;

    public NodeWatch(NodeInstallerConfiguration wanted, TimeProvider time)
    {
        _time = time;
        var configuration = Path.GetDirectoryName(wanted.Containerd.ConfigurationFile)!;
        string[] directories =
        [
            configuration,
            Path.Join(configuration, "conf.d"),
            Path.GetDirectoryName(wanted.RunscConfigurationFile)!,
            wanted.BinaryDirectory,
            Path.Join(wanted.BinaryDirectory, "gvisor"),
            // containerd makes its socket anew whenever it starts.
            Path.GetDirectoryName(wanted.Containerd.Socket)!,
        ];
        foreach (var directory in directories.Distinct(StringComparer.Ordinal).Where(Directory.Exists))
        {
            var watcher = new FileSystemWatcher(directory);
            watcher.Changed += OnChange;
            watcher.Created += OnChange;
            watcher.Deleted += OnChange;
            watcher.Renamed += OnChange;
            watcher.EnableRaisingEvents = true;
            _watchers.Add(watcher);
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
        _watchers.ForEach(watcher => watcher.Dispose());
        _changed.Dispose();
    }

    private void OnChange(object sender, FileSystemEventArgs change)
    {
        try
        {
            _changed.Release();
        }
        catch (SemaphoreFullException)
        {
            // A wake-up is due already.
        }
    }
}
