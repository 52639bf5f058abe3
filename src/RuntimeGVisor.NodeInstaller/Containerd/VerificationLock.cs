// SPDX-License-Identifier: Apache-2.0

using Microsoft.Win32.SafeHandles;
using RuntimeGVisor.NodeInstaller.Files;

namespace RuntimeGVisor.NodeInstaller.Containerd;

/// <summary>
/// One verification at a time on a node, also where a person verifies beside an installer: each removes what it finds of others. containerd's
/// state directory itself is locked, which leaves no file; the kernel releases the lock with the process.
/// </summary>
internal sealed class VerificationLock : IDisposable
{
    private static readonly TimeSpan PollInterval = TimeSpan.FromMilliseconds(50);
    private readonly SafeFileHandle _directory;

    private VerificationLock(SafeFileHandle directory) => _directory = directory;

    /// <summary>Waits for the lock.</summary>
    /// <exception cref="IOException">There is no such directory.</exception>
    public static async Task<VerificationLock> TakeAsync(string directory, TimeProvider time, CancellationToken cancellationToken)
    {
        var opened = LibC.Open(directory);
        try
        {
            while (!LibC.TryLock(opened))
            {
                await Task.Delay(PollInterval, time, cancellationToken);
            }

            return new(opened);
        }
        catch
        {
            opened.Dispose();
            throw;
        }
    }

    public void Dispose() => _directory.Dispose();
}
