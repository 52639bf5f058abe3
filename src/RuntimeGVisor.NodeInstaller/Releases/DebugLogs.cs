// SPDX-License-Identifier: Apache-2.0

namespace RuntimeGVisor.NodeInstaller.Releases;

/// <summary>
/// Limits runsc's debug logs, which grow with every system call and would fill the node's disk. The oldest files go first; one that is still
/// being written is emptied instead, because its blocks would stay until its sandbox ends.
/// </summary>
/// <param name="directory">Directory of the logs.</param>
/// <param name="time">The clock.</param>
internal sealed class DebugLogs(string directory, TimeProvider time)
{
    private static readonly TimeSpan WrittenLately = TimeSpan.FromMinutes(10);

    /// <summary>How many bytes may stay. Default: 1 GiB.</summary>
    public long MaxBytes { get; init; } = 1L << 30;

    /// <summary>How old a file may get. Default: 7 days.</summary>
    public TimeSpan MaxAge { get; init; } = TimeSpan.FromDays(7);

    /// <summary>Removes what is above the limits.</summary>
    /// <returns>How many bytes were removed.</returns>
    public long Trim()
    {
        if (!Directory.Exists(directory))
        {
            return 0;
        }

        var now = time.GetUtcNow().UtcDateTime;
        var files = new DirectoryInfo(directory).EnumerateFiles("*", SearchOption.AllDirectories)
            .Where(file => file.LinkTarget is null)
            .OrderBy(file => file.LastWriteTimeUtc)
            .ToList();
        var total = files.Sum(file => file.Length);
        var removed = 0L;
        foreach (var file in files.TakeWhile(file => total - removed > MaxBytes || now - file.LastWriteTimeUtc > MaxAge))
        {
            removed += file.Length;
            Remove(file, isBeingWritten: now - file.LastWriteTimeUtc < WrittenLately);
        }

        return removed;
    }

    private static void Remove(FileInfo file, bool isBeingWritten)
    {
        if (isBeingWritten)
        {
            using var emptied = file.Open(FileMode.Truncate);
            return;
        }

        file.Delete();
        if (file.Directory is { } parent && !parent.EnumerateFileSystemInfos().Any())
        {
            parent.Delete();
        }
    }
}
