// SPDX-License-Identifier: Apache-2.0

using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text.RegularExpressions;

namespace NodeTestBed;

/// <summary>
/// Runs an installer step by step. A step is a call of the kernel that has changed a name on the node, or a request to systemd for a job. After
/// each the kernel stops the process, which goes on when it is told to, or is killed there, as a power cut would. The program knows nothing of it:
/// strace injects the signal.
/// </summary>
public static partial class InstallerSteps
{
    private const string Calls = "mkdir,mkdirat,rename,renameat,renameat2,unlink,unlinkat,rmdir,symlink,symlinkat,sendto,sendmsg";
    private const int Kill = 9;
    private const int Continue = 18;
    private static readonly string[] Jobs = ["RestartUnit", "StartTransientUnit"];
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(2);

    /// <summary>Runs a verb.</summary>
    /// <param name="installer">The installer.</param>
    /// <param name="killsAfter">Is given how many steps are done, while the process is stopped; says whether it is killed now.</param>
    /// <param name="arguments">The verb with its options.</param>
    /// <returns>Whether it was killed, and how it ended.</returns>
    public static async Task<(bool IsKilled, CommandResult Result)> RunAsync(Installer installer, Func<int, bool> killsAfter, params string[] arguments)
    {
        await using var prepared = await installer.PrepareAsync(arguments);
        string[] options = ["-f", "-q", "-s", "256", "-e", $"trace={Calls}", "-e", $"inject={Calls}:signal=STOP", "-e", "signal=none"];
        var start = new ProcessStartInfo("strace", [.. options, "-p", $"{prepared.ProcessId}"]) { UseShellExecute = false, RedirectStandardError = true };
        using var strace = Process.Start(start)
            ?? throw new InvalidOperationException("strace does not start");
        try
        {
            await Eventually.BecomesTrueAsync("strace is attached", TimeSpan.FromSeconds(20), () => IsTraced(prepared.ProcessId));
            prepared.Start();
            using var limit = new CancellationTokenSource(Limit, TimeProvider.System);
            var (steps, isKilled, exitCode, last) = (0, false, -1, "");
            while (await strace.StandardError.ReadLineAsync(limit.Token) is { } line)
            {
                if (Exit().Match(line) is { Success: true } exit)
                {
                    exitCode = int.Parse(exit.Groups["code"].Value);
                }
                else if (Returned().Match(line) is { Success: true } returned && !isKilled)
                {
                    if (!returned.Groups["failure"].Success && (!line.Contains("send", StringComparison.Ordinal) || Jobs.Any(line.Contains)))
                    {
                        last = line;
                        isKilled = killsAfter(++steps);
                    }

                    // Whether the stop has come already or comes now makes no difference to either signal.
                    _ = Signal(prepared.ProcessId, isKilled ? Kill : Continue);
                }
            }

            return (isKilled, new(string.Join(' ', arguments), exitCode, prepared.ToString(), $"{steps} steps, the last: {last}"));
        }
        finally
        {
            if (!strace.HasExited)
            {
                strace.Kill();
            }
        }
    }

    private static bool IsTraced(int process) =>
        File.ReadLines($"/proc/{process}/status").Any(line => line.StartsWith("TracerPid:", StringComparison.Ordinal) && !line.EndsWith("\t0", StringComparison.Ordinal));

    [GeneratedRegex(@"\) += (?<failure>-1 )?", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Returned();

    [GeneratedRegex(@"\+\+\+ exited with (?<code>\d+) \+\+\+", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Exit();

    [LibraryImport("libc", EntryPoint = "kill")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int Signal(int process, int signal);
}
