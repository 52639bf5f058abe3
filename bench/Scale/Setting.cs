// SPDX-License-Identifier: Apache-2.0

using ControlPlane;
using Measurement;

namespace Scale;

/// <summary>Where and with what was measured.</summary>
internal sealed record Setting(Machine Machine, string ApiServer, string Etcd, string Controller, long ExecutableBytes)
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);

    public static async Task<Setting> ReadAsync(LocalControlPlane controlPlane, CancellationToken cancellationToken)
    {
        return new Setting(
            Machine.Read(),
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
        (await ChildProcess.GetOutputAsync(command, null, Limit, cancellationToken)).Trim();
}
