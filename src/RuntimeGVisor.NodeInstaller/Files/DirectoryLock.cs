// SPDX-License-Identifier: Apache-2.0

using Microsoft.Win32.SafeHandles;

namespace RuntimeGVisor.NodeInstaller.Files;

/// <summary>
/// A lock on a directory itself: a file would stay on the node when everything else is taken away. The kernel releases it with the process, so it
/// never has to be broken.
/// </summary>
internal sealed class DirectoryLock : IDisposable
{
    private static readonly TimeSpan PollInterval = TimeSpan.FromMilliseconds(50);
    private readonly SafeFileHandle _directory;

    private DirectoryLock(SafeFileHandle directory) => _directory = directory;

    /// <summary>Takes the lock, or returns null when another process has it.</summary>
    /// <exception cref="IOException">There is no such directory.</exception>
    public static DirectoryLock? TryTake(string path)
    {
        var directory = LibC.Open(path);
        if (LibC.TryLock(directory))
        {
            return new(directory);
        }

        directory.Dispose();
        return null;
    }

    /// <summary>Waits for the lock.</summary>
    /// <exception cref="IOException">There is no such directory.</exception>
    public static async Task<DirectoryLock> TakeAsync(string path, TimeProvider time, CancellationToken cancellationToken)
    {
        while (true)
        {
            if (TryTake(path) is { } taken)
            {
                return taken;
            }

            await Task.Delay(PollInterval, time, cancellationToken);
        }
    }

    public void Dispose() => _directory.Dispose();
}
