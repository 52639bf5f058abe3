// SPDX-License-Identifier: Apache-2.0

namespace ControlPlane;

/// <summary>Programs out of Debian packages that are unpacked into the cache, not installed: no daemon starts.</summary>
public static class DebianPackage
{
    private static readonly TimeSpan DownloadTimeout = TimeSpan.FromMinutes(5);

    /// <summary>The directory that holds the package's files.</summary>
    public static async Task<string> UnpackAsync(string name, CancellationToken cancellationToken)
    {
        var output = await ChildProcess.GetOutputAsync(
            [Path.Combine(Repository.Root, "hack", "debian-unpack.sh"), name], null, DownloadTimeout, cancellationToken);

        // What the script tells of its progress comes before.
        return output.Split('\n', StringSplitOptions.RemoveEmptyEntries)[^1];
    }
}
