// SPDX-License-Identifier: Apache-2.0

using Microsoft.Extensions.Logging;
using RuntimeGVisor.NodeInstaller.Convergence;
using RuntimeGVisor.NodeInstaller.Systemd;

namespace RuntimeGVisor.NodeInstaller.Containerd;

/// <summary>
/// Keeps containers that have not been started from holding up containerd's own start. Their shims are processes of the node, which the
/// installer's container does not see: systemd runs this program there.
/// </summary>
internal sealed partial class UnstartedContainers(NodeInstallation node, ILogger logger)
{
    private static readonly TimeSpan EndTimeout = TimeSpan.FromSeconds(5);

    /// <summary>Waits, not for long, until no container is between its creation and its start.</summary>
    public Task WaitAsync(CancellationToken cancellationToken) =>
        TryRunAsync(NodeVerbs.WaitPending, PendingContainers.LongestWait + EndTimeout, cancellationToken);

    /// <summary>Ends the shims of such containers. Their pods are started anew by the kubelet.</summary>
    public async Task EndAsync(CancellationToken cancellationToken)
    {
        foreach (var sandbox in await TryRunAsync(NodeVerbs.KillStuckShims, EndTimeout, cancellationToken))
        {
            LogEnded(sandbox);
        }
    }

    // Not being able to is no reason to fail: the pass goes on, and fails if it must.
    private async Task<IReadOnlyList<string>> TryRunAsync(string verb, TimeSpan timeout, CancellationToken cancellationToken)
    {
        try
        {
            var run = await node.Containerd.RunOnNodeAsync([node.Program.Place(), verb], timeout, cancellationToken);
            if (!run.Succeeded)
            {
                LogNotRun(verb, run.Errors);
            }

            return run.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        }
        catch (Exception exception) when (exception is SystemdException or IOException or UnauthorizedAccessException)
        {
            LogNotRun(verb, exception.Message);
            return [];
        }
    }

    [LoggerMessage(LogLevel.Warning, "ended the shim of sandbox {Sandbox}, whose container was not started yet: containerd does not come up beside it")]
    private partial void LogEnded(string sandbox);

    [LoggerMessage(LogLevel.Warning, "{Verb} could not be run on the node: {Error}")]
    private partial void LogNotRun(string verb, string error);
}
