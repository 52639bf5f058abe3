// SPDX-License-Identifier: Apache-2.0

using Microsoft.Win32.SafeHandles;
using RuntimeGVisor.NodeInstaller.Files;

namespace RuntimeGVisor.NodeInstaller.Convergence;

/// <summary>
/// One installer at a time changes a node, whatever pods overlap. The kernel releases the lock with the process, so it never has to be
/// broken; it is held for as long as the process lives, because two that repair drift against each other would never end. The state
/// directory itself is locked: a file would stay on the node when everything else is taken away.
/// </summary>
internal sealed class InstallationLock : IDisposable
{
    private static readonly TimeSpan PollInterval = TimeSpan.FromMilliseconds(200);
    private readonly SafeFileHandle _directory;

    private InstallationLock(SafeFileHandle directory) => _directory = directory;

    /// <summary>Takes the lock, or returns null when another process has it.</summary>
    public static InstallationLock? TryTake(string stateDirectory)
    {
        Directory.CreateDirectory(stateDirectory);
        var directory = LibC.Open(stateDirectory);
        if (LibC.TryLock(directory))
        {
            return new(directory);
        }

        directory.Dispose();
        return null;
    }

    /// <summary>Waits for the lock.</summary>
    public static async Task<InstallationLock> TakeAsync(string stateDirectory, TimeProvider time, CancellationToken cancellationToken)
    {
        while (true)
        {
            if (TryTake(stateDirectory) is { } taken)
            {
                return taken;
            }

            await Task.Delay(PollInterval, time, cancellationToken);
        }
    }

    public void Dispose() => _directory.Dispose();
}
