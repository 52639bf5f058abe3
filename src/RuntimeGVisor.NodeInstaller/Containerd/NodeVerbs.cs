// SPDX-License-Identifier: Apache-2.0

using System.Globalization;

namespace RuntimeGVisor.NodeInstaller.Containerd;

/// <summary>The verbs with which this program calls itself; people have no use for them.</summary>
internal static class NodeVerbs
{
    /// <summary>In a verification's sandbox: prints the kernel's log and waits to be ended.</summary>
    public const string KernelLog = "kernel-log";

    /// <summary>In a trial's sandbox: prints the kernel's log and ends.</summary>
    public const string PrintKernelLog = "print-kernel-log";

    /// <summary>On the node: prints how the process of a unit runs containerd.</summary>
    public const string ContainerdProcess = "containerd-process";

    /// <summary>On the node: prints the command line of the runsc that runs a sandbox.</summary>
    public const string ShowRunsc = "show-runsc";

    /// <summary>On the node: ends and removes whatever verifications left.</summary>
    public const string RemoveVerification = "remove-verification";

    /// <summary>On the node, before containerd is restarted: waits for containers that are being created or started.</summary>
    public const string WaitPending = "wait-pending";

    /// <summary>On the node, when containerd does not come up: ends shims that do not answer it.</summary>
    public const string KillStuckShims = "kill-stuck-shims";

    /// <summary>Leaves shims alone whose sandbox has a running container.</summary>
    public const string SpareRunning = "spare-running";

    private const string DefaultContainerdState = "/run/containerd";

    /// <summary>Runs a verb.</summary>
    /// <param name="commandLine">The verb and its arguments.</param>
    /// <param name="output">Takes what it prints.</param>
    /// <param name="time">The clock.</param>
    /// <returns>Whether it is one of these verbs.</returns>
    public static async Task<bool> TryRunAsync(string[] commandLine, TextWriter output, TimeProvider time)
    {
        var task = commandLine switch
        {
            [KernelLog] => Containerd.KernelLog.PrintAndStayAsync(time),
            [PrintKernelLog] => Containerd.KernelLog.PrintAsync(),
            [ContainerdProcess, var process] => PrintProcessAsync(int.Parse(process, CultureInfo.InvariantCulture)),
            [ShowRunsc, var sandbox] => VerificationVerbs.ShowRunscAsync(sandbox, output, time),
            [RemoveVerification, var containerdStateDirectory, var grace, .. var sandboxes] => VerificationVerbs.RemoveAsync(
                containerdStateDirectory, sandboxes, TimeSpan.FromSeconds(int.Parse(grace, CultureInfo.InvariantCulture)), time),
            [WaitPending] => PendingContainers.WaitAsync(DefaultContainerdState, time),
            [KillStuckShims] => StuckShimVerbs.KillAsync(spareRunning: false, output),
            [KillStuckShims, SpareRunning] => StuckShimVerbs.KillAsync(spareRunning: true, output),
            _ => null,
        };
        await (task ?? Task.CompletedTask);
        return task is not null;
    }

    private static async Task PrintProcessAsync(int mainProcess)
    {
        await using var output = Console.OpenStandardOutput();
        Containerd.ContainerdProcess.Print(mainProcess, output);
    }
}
