// SPDX-License-Identifier: Apache-2.0

namespace RuntimeGVisor.NodeInstaller.Containerd;

/// <summary>
/// A shim of gVisor that containerd's own start may wait for without end, as only a process of the node's own sees it: one with a container
/// that was not started. A containerd of 1.7 or 2 that starts in that moment asks the shim to delete the container; the shim waits for what
/// nobody will ever end and does not answer. A shim of whose containers nothing is known is left alone: it may be anybody's.
/// </summary>
/// <param name="Process">The shim.</param>
/// <param name="SandboxId">containerd's identifier of its sandbox.</param>
/// <param name="HasRunningContainer">Whether a container besides the sandbox's own runs: it ends with the shim.</param>
internal sealed record StuckShim(NodeProcess Process, string SandboxId, bool HasRunningContainer)
{
    private const string ShimName = "containerd-shim-runsc-v1";

    /// <summary>Finds them all.</summary>
    public static IReadOnlyList<StuckShim> FindAll() => [.. NodeProcess.All.Select(FindIn).OfType<StuckShim>()];

    private static StuckShim? FindIn(NodeProcess process)
    {
        // A shim works in the directory of its sandbox, which ends with containerd's namespace and the sandbox's identifier.
        if (Path.GetFileName(process.Executable)?.StartsWith(ShimName, StringComparison.Ordinal) != true
            || process.WorkingDirectory is not { } bundle)
        {
            return null;
        }

        var id = Path.GetFileName(bundle);
        var states = RunscState.ReadAll(bundle);
        return states.Any(state => state.IsPending) ? new(process, id, states.Any(state => state.Id != id && state.Status == "running")) : null;
    }
}
