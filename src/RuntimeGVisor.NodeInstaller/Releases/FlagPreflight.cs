// SPDX-License-Identifier: Apache-2.0

using System.ComponentModel;
using System.Diagnostics;
using RuntimeGVisor.NodeConfiguration;

namespace RuntimeGVisor.NodeInstaller.Releases;

/// <summary>
/// Has the very runsc of the release parse the flags. One that it does not take would make every pod of the node fail, long after the
/// installer reported success.
/// </summary>
internal sealed class FlagPreflight(TimeProvider time)
{
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(10);

    /// <summary>Runs <c>runsc FLAGS flags</c>.</summary>
    /// <exception cref="FlagsRejectedException">runsc does not take the flags; the message is what it says.</exception>
    public async Task CheckAsync(string runsc, IReadOnlyList<RunscFlagValue> flags, CancellationToken cancellationToken)
    {
        var start = new ProcessStartInfo(runsc) { RedirectStandardOutput = true, RedirectStandardError = true, UseShellExecute = false };
        // The log's place is fixed and may not exist in this mount namespace; runsc would create it.
        foreach (var flag in flags.Where(flag => flag.Name != "debug-log"))
        {
            start.ArgumentList.Add($"--{flag.Name}={flag.Value}");
        }

        start.ArgumentList.Add("flags");
        using var deadline = new CancellationTokenSource(Timeout, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(deadline.Token, cancellationToken);
        try
        {
            using var process = Process.Start(start) ?? throw new FlagsRejectedException($"{runsc} does not start");
            try
            {
                var output = process.StandardOutput.ReadToEndAsync(either.Token);
                var errors = await process.StandardError.ReadToEndAsync(either.Token);
                await output;
                await process.WaitForExitAsync(either.Token);
                if (process.ExitCode != 0)
                {
                    throw new FlagsRejectedException($"{runsc} does not take the flags {Shown(flags)}: {FirstLine(errors)}");
                }
            }
            catch (OperationCanceledException)
            {
                process.Kill();
                throw;
            }
        }
        catch (Win32Exception exception)
        {
            throw new FlagsRejectedException($"{runsc} does not start: {exception.Message}");
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw new FlagsRejectedException($"{runsc} gave no answer within {Timeout.TotalSeconds:0} s");
        }
    }

    private static string Shown(IReadOnlyList<RunscFlagValue> flags) => string.Join(' ', flags.Select(flag => $"--{flag.Name}={flag.Value}"));

    private static string FirstLine(string text) => text.Split('\n', StringSplitOptions.RemoveEmptyEntries).FirstOrDefault() ?? "it gave no reason";
}

/// <summary>runsc does not take the flags.</summary>
internal sealed class FlagsRejectedException(string message) : Exception(message);
