// SPDX-License-Identifier: Apache-2.0

using System.Text.Json;
using System.Text.Json.Serialization;

namespace RuntimeGVisor.NodeInstaller.Containerd;

/// <summary>
/// The command line of the runsc that waits for a sandbox's end on the shim's behalf: with every flag as the shim read it. The sandbox's own
/// process shows only the flags that differ from runsc's defaults.
/// </summary>
internal static class RunscCommandLine
{
    private static readonly TimeSpan PollInterval = TimeSpan.FromMilliseconds(5);

    /// <summary>Looks for it among the processes of the node until it is there, which it is a moment after the sandbox's start.</summary>
    public static async Task<IReadOnlyList<string>> WaitForAsync(string sandbox, TimeProvider time)
    {
        while (true)
        {
            if (NodeProcess.All.FirstOrDefault(process => process.Arguments is [_, .., "wait", var id] && id == sandbox) is { } runsc)
            {
                return runsc.Arguments;
            }

            await Task.Delay(PollInterval, time);
        }
    }

    /// <summary>Compares it with what it should be.</summary>
    /// <param name="arguments">Program and arguments.</param>
    /// <param name="runsc">The program that it should be; null when any will do.</param>
    /// <param name="flags">Names and values of the flags that it should have.</param>
    /// <returns>What differs; null when nothing does.</returns>
    public static string? FindDifference(IReadOnlyList<string> arguments, string? runsc, IReadOnlyDictionary<string, string> flags)
    {
        if (runsc is not null && arguments[0] != runsc)
        {
            return $"the sandbox is run by {arguments[0]}, not by {runsc}";
        }

        var missing = flags.Select(flag => $"--{flag.Key}={flag.Value}").Except(arguments, StringComparer.Ordinal).Order(StringComparer.Ordinal);
        return string.Join(' ', missing) is { Length: > 0 } flagsMissing
            ? $"{arguments[0]} runs the sandbox without {flagsMissing}: {string.Join(' ', arguments)}"
            : null;
    }

    public static string Serialize(IReadOnlyList<string> arguments) => JsonSerializer.Serialize(arguments, RunscCommandLineJson.Default.IReadOnlyListString);

    /// <exception cref="JsonException">It was not written by <see cref="Serialize"/>.</exception>
    public static IReadOnlyList<string> Deserialize(string text) =>
        JsonSerializer.Deserialize(text, RunscCommandLineJson.Default.IReadOnlyListString) ?? [];
}

[JsonSerializable(typeof(IReadOnlyList<string>))]
internal sealed partial class RunscCommandLineJson : JsonSerializerContext;
