// SPDX-License-Identifier: Apache-2.0

using RuntimeGVisor.NodeInstaller.Files;

namespace RuntimeGVisor.NodeInstaller.Containerd;

/// <summary>The log of the kernel that a program runs on, printed in a sandbox and read outside of it.</summary>
internal static class KernelLog
{
    private const string GVisor = "Starting gVisor";
    private const string End = "(end of the kernel's log)\n";

    // A sandbox that nobody removes ends by itself: its installer may have been killed, and no other may follow.
    private static readonly TimeSpan LongestStay = TimeSpan.FromMinutes(2);

    /// <summary>Prints it.</summary>
    public static async Task PrintAsync()
    {
        await using var output = Console.OpenStandardOutput();
        await output.WriteAsync((byte[])[.. LibC.ReadKernelLog(), (byte)'\n', .. System.Text.Encoding.ASCII.GetBytes(End)]);
    }

    /// <summary>Prints it, and stays until the sandbox is ended: of one that ends by itself containerd may lose the output.</summary>
    public static async Task PrintAndStayAsync(TimeProvider time)
    {
        await PrintAsync();
        await Task.Delay(LongestStay, time);
    }

    /// <summary>Whether what was printed shows gVisor's kernel.</summary>
    public static bool IsOfGVisor(string log) => log.Contains(GVisor, StringComparison.Ordinal);

    /// <summary>Whether all of it was printed.</summary>
    public static bool IsComplete(string log) => log.EndsWith(End, StringComparison.Ordinal);
}
