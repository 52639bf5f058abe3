// SPDX-License-Identifier: Apache-2.0

using System.Globalization;

namespace Measurement;

/// <summary>What the kernel says of a process.</summary>
public sealed class ProcessUse(int process)
{
    /// <summary>The unit of the times in /proc/PID/stat, which Linux has fixed at a hundredth of a second.</summary>
    private static readonly TimeSpan Tick = TimeSpan.FromMilliseconds(10);

    /// <summary>CPU time so far, of the program and of the kernel for it.</summary>
    public TimeSpan CpuTime
    {
        get
        {
            // The program's name, in parentheses, may contain blanks.
            var fields = Read("stat").Split(") ")[^1].Split(' ');
            return Tick * (long.Parse(fields[11], CultureInfo.InvariantCulture) + long.Parse(fields[12], CultureInfo.InvariantCulture));
        }
    }

    /// <summary>The memory that is resident now, in bytes.</summary>
    public long ResidentMemory => ReadKilobytes("VmRSS:");

    /// <summary>The most memory that was resident at any time so far, in bytes.</summary>
    public long PeakMemory => ReadKilobytes("VmHWM:");

    private long ReadKilobytes(string field) => 1024 * long.Parse(
        Read("status").Split('\n').First(line => line.StartsWith(field, StringComparison.Ordinal)).Split(' ', StringSplitOptions.RemoveEmptyEntries)[1],
        CultureInfo.InvariantCulture);

    private string Read(string file) => File.ReadAllText($"/proc/{process}/{file}");
}
