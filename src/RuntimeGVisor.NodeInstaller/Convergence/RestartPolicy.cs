// SPDX-License-Identifier: Apache-2.0

using RuntimeGVisor.NodeInstaller.Containerd;
using RuntimeGVisor.NodeInstaller.Containerd.Configuration;
using RuntimeGVisor.NodeInstaller.Systemd;

namespace RuntimeGVisor.NodeInstaller.Convergence;

/// <summary>When containerd is restarted, and how long its start is waited for. Each restart cuts off exec sessions and logs of the whole node.</summary>
internal static class RestartPolicy
{
    /// <summary>On a node whose containerd has been up for longer, nobody waits for this restart, and many nodes may be about to do the same.</summary>
    public static readonly TimeSpan SettledAfter = TimeSpan.FromMinutes(10);

    private static readonly TimeSpan MinStartLimit = TimeSpan.FromSeconds(55);
    private static readonly TimeSpan MaxStartLimit = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan StartLimitPerSandbox = TimeSpan.FromMilliseconds(500);
    private const int SandboxesInMinStartLimit = 50;

    /// <summary>Decides.</summary>
    /// <param name="served">What containerd serves.</param>
    /// <param name="entry">What it shall serve.</param>
    /// <param name="service">What systemd says of it.</param>
    /// <param name="isPending">Whether its configuration was changed by this program and it was not seen serving the change.</param>
    public static RestartDecision Decide(ServedRuntime served, HandlerEntry entry, ServiceStatus service, bool isPending)
    {
        if (served.IsReady)
        {
            return served.Serves(entry) ? RestartDecision.NotNeeded : RestartDecision.Restart;
        }

        // Somebody who stopped containerd, or a start that is under way, is not interfered with. One that has failed may have failed by our change.
        return isPending && service is { ActiveState: "failed", Job: null } ? RestartDecision.Restart : RestartDecision.Wait;
    }

    /// <summary>
    /// How long a start that is under way is waited for: containerd asks the shim of each sandbox, 1.7 one after the other.
    /// </summary>
    /// <param name="sandboxes">How many sandboxes there are.</param>
    public static TimeSpan StartLimit(int sandboxes)
    {
        var limit = MinStartLimit + (Math.Max(0, sandboxes - SandboxesInMinStartLimit) * StartLimitPerSandbox);
        return limit < MaxStartLimit ? limit : MaxStartLimit;
    }

    /// <summary>Whether systemd says that a start has failed, which a slow one has not.</summary>
    public static bool HasFailed(ServiceStatus service) => service is { ActiveState: "failed" } or { SubState: "auto-restart" };

    /// <summary>How long a restart waits so that the nodes of a pool do not all restart at once.</summary>
    /// <param name="service">What systemd says of containerd.</param>
    /// <param name="now">The time.</param>
    /// <param name="max">The longest wait.</param>
    /// <param name="random">From 0 to 1.</param>
    public static TimeSpan Delay(ServiceStatus service, DateTimeOffset now, TimeSpan max, double random) =>
        service is { ActiveState: "active", ActiveSince: { } since } && now - since > SettledAfter ? max * random : TimeSpan.Zero;
}
