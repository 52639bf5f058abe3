// SPDX-License-Identifier: Apache-2.0

using System.Globalization;
using System.Runtime.InteropServices;

namespace Measurement;

/// <summary>Where and when something was measured, in words.</summary>
public sealed record Machine(string Date, string Description, string Load)
{
    /// <summary>This machine now.</summary>
    public static Machine Read()
    {
        var processor = FieldOf("/proc/cpuinfo", "model name");
        var memory = long.Parse(FieldOf("/proc/meminfo", "MemTotal").Split(' ')[0], CultureInfo.InvariantCulture) / 1024 / 1024;
        return new Machine(
            TimeProvider.System.GetUtcNow().ToString("yyyy-MM-dd", CultureInfo.InvariantCulture),
            $"{Environment.ProcessorCount} cores ({processor}), {memory} GiB, {RuntimeInformation.OSDescription}",
            string.Join(", ", File.ReadAllText("/proc/loadavg").Split(' ')[..3]));
    }

    private static string FieldOf(string file, string name) =>
        File.ReadLines(file).Select(line => line.Split(':', 2)).FirstOrDefault(field => field[0].Trim() == name)?[1].Trim() ?? "unknown";
}
