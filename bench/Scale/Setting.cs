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
        return new Setting(
            TimeProvider.System.GetUtcNow().ToString("yyyy-MM-dd", CultureInfo.InvariantCulture),
            $"{Environment.ProcessorCount} cores ({processor}), {memory} GiB, {RuntimeInformation.OSDescription}",
            string.Join(", ", (await File.ReadAllTextAsync("/proc/loadavg", cancellationToken)).Split(' ')[..3]),
            await VersionOfAsync("kube-apiserver"),
            await VersionOfAsync("etcd"),
            await RunAsync([.. Repository.Controller, "--version"], cancellationToken),
            new FileInfo(Repository.Controller[^1]).Length);

        // Of the very program that runs: "Kubernetes v1.20.2", "etcd Version: 3.4.23" and more lines.
        async Task<string> VersionOfAsync(string server)
        {
            var process = await File.ReadAllTextAsync(Path.Combine(controlPlane.Directory, $"{server}.pid"), cancellationToken);
            return (await RunAsync([$"/proc/{process.Trim()}/exe", "--version"], cancellationToken)).Split('\n')[0].Split(' ')[^1];
        }
    }

    private static async Task<string> RunAsync(IReadOnlyList<string> command, CancellationToken cancellationToken) =>
        (await ChildProcess.RunAsync(command, null, Limit, cancellationToken)).Trim();

    private static string FieldOf(string file, string name) =>
        File.ReadLines(file).Select(line => line.Split(':', 2)).FirstOrDefault(field => field[0].Trim() == name)?[1].Trim() ?? "unknown";
}
