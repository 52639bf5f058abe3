// SPDX-License-Identifier: Apache-2.0

using System.Globalization;
using System.Runtime.InteropServices;
using ControlPlane;

namespace Scale;

/// <summary>Where and with what was measured.</summary>
internal sealed record Setting(string Date, string Machine, string Load, string ApiServer, string Etcd, string Controller, long ExecutableBytes)
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);

    public static async Task<Setting> ReadAsync(LocalControlPlane controlPlane, CancellationToken cancellationToken)
    {
        var processor = FieldOf("/proc/cpuinfo", "model name");
        var memory = long.Parse(FieldOf("/proc/meminfo", "MemTotal").Split(' ')[0], CultureInfo.InvariantCulture) / 1024 / 1024;
        var etcd = await File.ReadAllTextAsync(Path.Combine(controlPlane.Directory, "etcd.pid"), cancellationToken);
        return new Setting(
            TimeProvider.System.GetUtcNow().ToString("yyyy-MM-dd", CultureInfo.InvariantCulture),
            $"{Environment.ProcessorCount} cores ({processor}), {memory} GiB, {RuntimeInformation.OSDescription}",
            string.Join(", ", (await File.ReadAllTextAsync("/proc/loadavg", cancellationToken)).Split(' ')[..3]),
            (string)(await controlPlane.Api.GetAsync("/version"))["gitVersion"]!,
            (await RunAsync([$"/proc/{etcd.Trim()}/exe", "--version"], cancellationToken)).Split('\n')[0].Replace("etcd Version: ", "", StringComparison.Ordinal),
            await RunAsync([.. Repository.Controller, "--version"], cancellationToken),
            new FileInfo(Repository.Controller[^1]).Length);
    }

    private static async Task<string> RunAsync(IReadOnlyList<string> command, CancellationToken cancellationToken) =>
        (await ChildProcess.RunAsync(command, null, Limit, cancellationToken)).Trim();

    private static string FieldOf(string file, string name) =>
        File.ReadLines(file).Select(line => line.Split(':', 2)).FirstOrDefault(field => field[0].Trim() == name)?[1].Trim() ?? "unknown";
}
