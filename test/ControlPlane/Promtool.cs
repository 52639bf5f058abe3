// SPDX-License-Identifier: Apache-2.0

namespace ControlPlane;

/// <summary>Prometheus' own checker of metrics, rules and their unit tests, from Debian.</summary>
public static class Promtool
{
    private static readonly TimeSpan Timeout = TimeSpan.FromMinutes(1);

    /// <summary>Checks what <c>/metrics</c> answers: format, names, help.</summary>
    /// <exception cref="InvalidOperationException">It complains; the message holds its words.</exception>
    public static async Task CheckMetricsAsync(string metrics, CancellationToken cancellationToken)
    {
        var file = Path.GetTempFileName();
        try
        {
            await File.WriteAllTextAsync(file, metrics, cancellationToken);
            await ChildProcess.GetOutputAsync(
                ["bash", "-c", "exec \"$0\" check metrics <\"$1\"", await ProgramAsync(cancellationToken), file], null, Timeout, cancellationToken);
        }
        finally
        {
            File.Delete(file);
        }
    }

    /// <summary>Runs it with other arguments and returns what it printed.</summary>
    /// <exception cref="InvalidOperationException">It complains; the message holds its words.</exception>
    public static async Task<string> RunAsync(IEnumerable<string> arguments, CancellationToken cancellationToken) =>
        await ChildProcess.GetOutputAsync([await ProgramAsync(cancellationToken), .. arguments], null, Timeout, cancellationToken);

    private static async Task<string> ProgramAsync(CancellationToken cancellationToken) =>
        Path.Combine(await DebianPackage.UnpackAsync("prometheus", cancellationToken), "usr", "bin", "promtool");
}
