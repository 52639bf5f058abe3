// SPDX-License-Identifier: Apache-2.0

using System.Diagnostics.CodeAnalysis;
using RuntimeGVisor.NodeInstaller.Files;

namespace RuntimeGVisor.NodeInstaller.Containerd;

/// <summary>What a verification has this program do among the node's own processes.</summary>
internal static class VerificationVerbs
{
    private const string ShimName = "containerd-shim-runsc-v1";
    private const string PersistentTasks = "/var/lib/containerd/io.containerd.runtime.v2.task";
    private const string CgroupRoot = "/sys/fs/cgroup";
    private static readonly TimeSpan LongestEnd = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan PollInterval = TimeSpan.FromMilliseconds(10);

    /// <summary>Prints the command line of the runsc that runs a sandbox.</summary>
    public static async Task ShowRunscAsync(string sandbox, TextWriter output, TimeProvider time) =>
        await output.WriteAsync(RunscCommandLine.Serialize(await RunscCommandLine.WaitForAsync(sandbox, time)));

    /// <summary>Ends every process of verifications and removes their directories and cgroups.</summary>
    /// <exception cref="IOException">Something is left.</exception>
    public static async Task RemoveAsync(string containerdStateDirectory, TimeProvider time)
    {
        await KillProcessesAsync(time);
        foreach (var cgroup in Cgroups())
        {
            DeleteDirectories(cgroup);
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

    private static async Task KillProcessesAsync(TimeProvider time)
    {
        var started = time.GetTimestamp();
        while (NodeProcess.All.Where(process => IsOfVerification(process.Arguments)).ToList() is { Count: > 0 } processes)
        {
            if (time.GetElapsedTime(started) > LongestEnd)
            {
                throw new IOException($"these processes of verifications do not end: {string.Join(' ', processes.Select(process => process.Id))}");
            }

            processes.ForEach(process => process.Kill());
            await Task.Delay(PollInterval, time);
        }
    }

    /// <summary>runsc removes its own unless it is killed; systemd removes the scope where it manages the hierarchy.</summary>
    private static IEnumerable<string> Cgroups()
    {
        foreach (var hierarchy in Directory.EnumerateDirectories(CgroupRoot).Prepend(CgroupRoot))
        {
            yield return Path.Join(hierarchy, VerificationSandbox.CgroupName);
            var slice = Path.Join(hierarchy, "system.slice");
            foreach (var scope in Directory.Exists(slice) ? Directory.GetDirectories(slice, $"{VerificationSandbox.CgroupName}-*.scope") : [])
            {
                yield return scope;
            }
        }
    }

    // The files of a cgroup cannot be deleted and need not be.
    [SuppressMessage("Design", "CA1031", Justification = "a cgroup that systemd removes at the same time is no failure")]
    private static void DeleteDirectories(string directory)
    {
        try
        {
            foreach (var child in Directory.Exists(directory) ? Directory.GetDirectories(directory) : [])
            {
                DeleteDirectories(child);
            }

            Directory.Delete(directory);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // Not there, or its hierarchy cannot be written.
        }
    }

    private static IEnumerable<string> MountsBelow(string directory) =>
        File.ReadAllLines("/proc/self/mounts")
            .Select(line => line.Split(' ')[1])
            .Where(mount => mount.StartsWith(directory + "/", StringComparison.Ordinal))
            .Reverse();
}
