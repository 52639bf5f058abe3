// SPDX-License-Identifier: Apache-2.0

using Microsoft.Extensions.Logging;
using RuntimeGVisor.NodeInstaller.Systemd;

namespace RuntimeGVisor.NodeInstaller.Containerd;

/// <summary>
/// Keeps containers that have not been started from holding up containerd's own start. Their shims are processes of the node, which the
/// installer's container does not see: systemd runs this program there.
/// </summary>
internal sealed partial class StuckShims(NodeVerb runOnNode, TimeProvider time, ILogger logger)
{
    // containerd gives up a shim that does not answer at all after some seconds, and a dense node takes its time.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    // With such a shim the pod's other containers end, too. gardener-node-agent restarts a containerd that does not answer for 60 s.
    private static readonly TimeSpan PatienceWithRunningContainers = TimeSpan.FromSeconds(45);

    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan VerbTimeout = TimeSpan.FromSeconds(5);

    private long? _starting;
    private long? _ended;

    /// <summary>Waits, not for long, until no container is between its creation and its start.</summary>
    public Task WaitForPendingAsync(CancellationToken cancellationToken) =>
        TryRunAsync([NodeVerbs.WaitPending], PendingContainers.LongestWait + VerbTimeout, cancellationToken);

    /// <summary>
    /// Ends such shims where containerd has been starting for so long that it waits for them. Their pods are started anew by the kubelet. To be
    /// called again and again while containerd does not serve.
    /// </summary>
    /// <param name="service">containerd's service as it is now.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public async Task EndWhereTheyHangAsync(ServiceStatus service, CancellationToken cancellationToken)
    {
        // A start that fails and is tried anew waits for no shim; each try has its own time.
        if (service is not { ActiveState: "activating", SubState: not "auto-restart" })
        {
            _starting = null;
            return;
        }

        var now = time.GetTimestamp();
        var starting = time.GetElapsedTime(_starting ??= now, now);
        if (starting < Patience || (_ended is { } ended && time.GetElapsedTime(ended, now) < Pause))
        {
            return;
        }

        _ended = now;
        string[] verb = starting < PatienceWithRunningContainers ? [NodeVerbs.KillStuckShims, NodeVerbs.SpareRunning] : [NodeVerbs.KillStuckShims];
        foreach (var sandbox in await TryRunAsync(verb, VerbTimeout, cancellationToken))
        {
            LogEnded(sandbox);
        }
    }

    // Not being able to is no reason to fail: the reconcile goes on, and fails if it must.
    private async Task<IReadOnlyList<string>> TryRunAsync(IReadOnlyList<string> verb, TimeSpan timeout, CancellationToken cancellationToken)
    {
        try
        {
            var run = await runOnNode(verb, timeout, cancellationToken);
            if (!run.Succeeded)
            {
                LogNotRun(verb[0], run.Errors);
            }

            return run.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        }
        catch (Exception exception) when (exception is SystemdException or IOException or UnauthorizedAccessException)
        {
            LogNotRun(verb[0], exception.Message);
            return [];
        }
    }

    [LoggerMessage(LogLevel.Warning, "ended the shim of sandbox {Sandbox}, whose container was not started yet: containerd does not come up beside it")]
    private partial void LogEnded(string sandbox);

    [LoggerMessage(LogLevel.Warning, "{Verb} could not be run on the node: {Error}")]
    private partial void LogNotRun(string verb, string error);
}
