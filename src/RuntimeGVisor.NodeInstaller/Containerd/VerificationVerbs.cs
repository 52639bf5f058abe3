// SPDX-License-Identifier: Apache-2.0

using RuntimeGVisor.NodeInstaller.Files;

namespace RuntimeGVisor.NodeInstaller.Containerd;

/// <summary>What a verification has this program do among the node's own processes.</summary>
internal static class VerificationVerbs
{
    private const string ShimName = "containerd-shim-runsc-v1";
    private const string PersistentTasks = "/var/lib/containerd/io.containerd.runtime.v2.task";
    private const string CgroupRoot = "/sys/fs/cgroup";
    private const int MaxCgroupAttempts = 50;
    private static readonly EnumerationOptions Everywhere = new()
    {
        RecurseSubdirectories = true,
        IgnoreInaccessible = true,
        AttributesToSkip = FileAttributes.ReparsePoint,
    };

    private static readonly TimeSpan LongestEnd = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan PollInterval = TimeSpan.FromMilliseconds(10);

    /// <summary>Prints the command line of the runsc that runs a sandbox.</summary>
    public static async Task ShowRunscAsync(string sandbox, TextWriter output, TimeProvider time) =>
        await output.WriteAsync(RunscCommandLine.Serialize(await RunscCommandLine.WaitForAsync(sandbox, time)));

    /// <summary>Ends every process of verifications and removes their directories and cgroups.</summary>
    /// <param name="containerdStateDirectory">The directory of containerd's socket.</param>
    /// <param name="sandboxes">The identifiers of the sandboxes that containerd knows of.</param>
    /// <param name="grace">How long the processes may take to end by themselves.</param>
    /// <param name="time">The clock.</param>
    /// <exception cref="IOException">Something is left.</exception>
    public static async Task RemoveAsync(
        string containerdStateDirectory, IReadOnlyList<string> sandboxes, TimeSpan grace, TimeProvider time)
    {
        await EndProcessesAsync(grace, time);
        foreach (var sandbox in sandboxes)
        {
            await RemoveCgroupsAsync(sandbox, time);
        }

        string[] directories =
        [
            Path.Join(containerdStateDirectory, "runsc", VerificationSandbox.Namespace),
            Path.Join(containerdStateDirectory, "io.containerd.runtime.v2.task", VerificationSandbox.Namespace),
            Path.Join(PersistentTasks, VerificationSandbox.Namespace),
        ];
        foreach (var directory in directories.Where(Directory.Exists))
        {
            foreach (var mount in MountsBelow(directory))
            {
                LibC.Unmount(mount);
            }

            Directory.Delete(directory, recursive: true);
        }
    }

    /// <summary>Whether a process works for a verification: its shim, or a runsc in whatever role.</summary>
    internal static bool IsOfVerification(IReadOnlyList<string> arguments)
    {
        if (arguments.Count == 0)
        {
            return false;
        }

        var name = arguments.ToList().IndexOf("-namespace");
        return (Path.GetFileName(arguments[0]) == ShimName && name >= 0 && arguments.ElementAtOrDefault(name + 1) == VerificationSandbox.Namespace)
            || arguments.Any(argument =>
                argument.StartsWith("--root=", StringComparison.Ordinal)
                && argument.EndsWith($"/{VerificationSandbox.Namespace}", StringComparison.Ordinal));
    }

    private static async Task EndProcessesAsync(TimeSpan grace, TimeProvider time)
    {
        var started = time.GetTimestamp();
        while (NodeProcess.All.Where(process => IsOfVerification(process.Arguments)).ToList() is { Count: > 0 } processes)
        {
            var elapsed = time.GetElapsedTime(started);
            if (elapsed > grace + LongestEnd)
            {
                throw new IOException($"these processes of verifications do not end: {string.Join(' ', processes.Select(process => process.Id))}");
            }

            if (elapsed >= grace)
            {
                processes.ForEach(process => process.Kill());
            }

            await Task.Delay(PollInterval, time);
        }
    }

    /// <summary>
    /// runsc removes its own unless it is killed, and systemd removes scopes in the hierarchies that it manages. With version 1 and systemd, older
    /// versions of runsc take the whole path for the name of one group.
    /// </summary>
    private static async Task RemoveCgroupsAsync(string sandbox, TimeProvider time)
    {
        // The kernel needs a moment to see that the processes of a group are gone.
        for (var attempt = 0; attempt < MaxCgroupAttempts; attempt++)
        {
            var cgroups = Directory.GetDirectories(CgroupRoot, $"*{sandbox}*", Everywhere);
            if (cgroups.Length == 0)
            {
                return;
            }

            foreach (var cgroup in cgroups)
            {
                try
                {
                    // The files of a cgroup cannot be deleted and need not be.
                    Directory.Delete(cgroup);
                }
                catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
                {
                    // systemd was first, the group is not empty yet, or its hierarchy cannot be written.
                }
            }

            await Task.Delay(PollInterval, time);
        }
    }

    private static IEnumerable<string> MountsBelow(string directory) =>
        File.ReadAllLines("/proc/self/mounts")
            .Select(line => line.Split(' ')[1])
            .Where(mount => mount.StartsWith(directory + "/", StringComparison.Ordinal))
            .Reverse();
}
