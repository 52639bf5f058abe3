// SPDX-License-Identifier: Apache-2.0

using RuntimeGVisor.NodeConfiguration;
using RuntimeGVisor.NodeInstaller.Containerd;
using RuntimeGVisor.NodeInstaller.Files;
using RuntimeGVisor.NodeInstaller.Systemd;

namespace RuntimeGVisor.NodeInstaller.Releases;

/// <summary>
/// Has the very runsc of a release, with the very flags, boot a tiny sandbox on the node before anything is switched to it: a runsc that does
/// not run here, or a flag that it does not take, then costs no pod and no restart of containerd.
/// </summary>
internal sealed class RunscTrial(TransientUnits units, NodeProgram program, string stateDirectory, TimeProvider time)
{
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(30);

    // Of logs nothing is tried, and the sandbox is in no group that a node's driver would have to make.
    private static readonly HashSet<string> LeftOut = new(["debug", "debug-log", RunscConfiguration.SystemdCgroupFlag], StringComparer.Ordinal);

    /// <summary>Runs <c>runsc FLAGS do PROGRAM</c>.</summary>
    /// <param name="runsc">runsc on the node.</param>
    /// <param name="flags">Its flags.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>Whether a kernel of gVisor has run; a time-out is no verdict.</returns>
    public async Task<VerificationResult> RunAsync(
        string runsc, IReadOnlyList<RunscFlagValue> flags, CancellationToken cancellationToken)
    {
        var root = Path.Join(stateDirectory, "trial");
        var started = time.GetTimestamp();
        string[] command =
        [
            runsc, $"--root={root}", "--network=none", "--ignore-cgroups",
            .. flags.Where(flag => !LeftOut.Contains(flag.Name)).Select(flag => $"--{flag.Name}={flag.Value}"),
            "do", program.Place(), NodeVerbs.PrintKernelLog,
        ];
        // The overlay gives it mounts of its own: what runsc mounts in its directory goes with it, also when it is ended.
        var run = await units.RunAsync(command, Timeout, new(program.Path, program.Path), cancellationToken);
        NodeFiles.DeleteDirectory(root);
        if (KernelLog.IsOfGVisor(run.Output))
        {
            return VerificationResult.Passed;
        }

        var shown = string.Join(' ', flags.Select(flag => $"--{flag.Name}={flag.Value}"));
        return time.GetElapsedTime(started) >= Timeout
            ? VerificationResult.Inconclusive($"{runsc} did not boot a sandbox within {Timeout.TotalSeconds:0} s")
            : VerificationResult.Failed($"{runsc} boots no sandbox with the flags {shown}: {run.LastError}");
    }
}
