// SPDX-License-Identifier: Apache-2.0

namespace RuntimeGVisor.NodeInstaller.Containerd;

/// <summary>
/// Containers of gVisor and runc that are between the beginning of their creation and their start. A restart of containerd in that moment
/// costs them: one of runc is unknown afterwards and never starts, one of gVisor hangs containerd's own start.
/// </summary>
internal static class PendingContainers
{
    private static readonly TimeSpan PollInterval = TimeSpan.FromMilliseconds(20);

    // After the start the shim has to answer, and containerd to record it and to answer its own client.
    private static readonly TimeSpan Settle = TimeSpan.FromMilliseconds(500);

    /// <summary>How long a container's start is waited for; it usually takes a tenth of a second, and seconds on a node that starts many.</summary>
    public static TimeSpan LongestWait { get; } = TimeSpan.FromSeconds(10);

    /// <summary>Finds them.</summary>
    /// <param name="containerdStateDirectory">The directory of containerd's socket.</param>
    /// <returns>containerd's namespace and identifier of each.</returns>
    public static IReadOnlyList<string> Find(string containerdStateDirectory) =>
    [
        .. RunscBundles.Directories(containerdStateDirectory).Where(IsPendingInRunsc)
            .Concat(Grandchildren(Path.Join(containerdStateDirectory, "runc")).Where(IsPendingInRunc))
            .Select(directory => $"{Path.GetFileName(Path.GetDirectoryName(directory))}/{Path.GetFileName(directory)}")
            .Order(StringComparer.Ordinal),
    ];

    /// <summary>Waits, not for long, until there are none.</summary>
    /// <returns>Those that are still there.</returns>
    public static async Task<IReadOnlyList<string>> WaitAsync(string containerdStateDirectory, TimeProvider time)
    {
        var pending = Find(containerdStateDirectory);
        if (pending.Count > 0)
        {
            var started = time.GetTimestamp();
            while (pending.Count > 0 && time.GetElapsedTime(started) < LongestWait)
            {
                await Task.Delay(PollInterval, time);
                pending = Find(containerdStateDirectory);
            }

            await Task.Delay(Settle, time);
        }

        return pending;
    }

    private static bool IsPendingInRunsc(string bundle) => RunscState.ReadAll(bundle).Any(state => state.IsPending);

    // runc keeps the pipe at which a container's process waits for its start, and writes the state when it has made the container.
    private static bool IsPendingInRunc(string directory) =>
        File.Exists(Path.Join(directory, "exec.fifo")) || (Directory.Exists(directory) && !File.Exists(Path.Join(directory, "state.json")));

    private static IEnumerable<string> Grandchildren(string directory) => RunscBundles.Children(directory).SelectMany(RunscBundles.Children);
}
