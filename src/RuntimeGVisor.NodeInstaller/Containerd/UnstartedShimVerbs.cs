// SPDX-License-Identifier: Apache-2.0

namespace RuntimeGVisor.NodeInstaller.Containerd;

/// <summary>What the installer has this program do among the node's own processes.</summary>
internal static class UnstartedShimVerbs
{
    private static readonly TimeSpan PollInterval = TimeSpan.FromMilliseconds(20);

    // After the start the shim has to answer, and containerd to record it and to answer its own client.
    private static readonly TimeSpan Settle = TimeSpan.FromMilliseconds(500);

    /// <summary>How long a container's start is waited for; it usually takes a tenth of a second.</summary>
    public static TimeSpan LongestWait { get; } = TimeSpan.FromSeconds(5);

    /// <summary>Waits until no container is between its creation and its start.</summary>
    public static async Task WaitAsync(TimeProvider time)
    {
        if (UnstartedShim.FindAll().Count > 0)
        {
            var started = time.GetTimestamp();
            while (UnstartedShim.FindAll().Count > 0 && time.GetElapsedTime(started) < LongestWait)
            {
                await Task.Delay(PollInterval, time);
            }

            await Task.Delay(Settle, time);
        }
    }

    /// <summary>Ends the shims with such a container, and prints the sandboxes' identifiers.</summary>
    public static async Task EndAsync(TextWriter output)
    {
        foreach (var shim in UnstartedShim.FindAll())
        {
            shim.End();
            await output.WriteLineAsync(shim.SandboxId);
        }
    }
}
