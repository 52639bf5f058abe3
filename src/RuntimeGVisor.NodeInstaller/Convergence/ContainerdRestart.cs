// SPDX-License-Identifier: Apache-2.0

using RuntimeGVisor.NodeInstaller.Containerd;
using RuntimeGVisor.NodeInstaller.Containerd.Configuration;
using RuntimeGVisor.NodeInstaller.Systemd;

namespace RuntimeGVisor.NodeInstaller.Convergence;

/// <summary>Restarts containerd and watches it come up, by what systemd says of the start and not by a stopwatch.</summary>
internal sealed class ContainerdRestart(
    SystemdClient systemd, ContainerRuntimeClient client, StuckShims stuckShims, string unit, TimeProvider time)
{
    private static readonly TimeSpan JobTimeout = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan ServePollInterval = TimeSpan.FromMilliseconds(5);
    private static readonly TimeSpan ServicePollInterval = TimeSpan.FromMilliseconds(500);

    /// <summary>How long an active containerd may take until its CRI answers; it is told to systemd only when its plugins are up.</summary>
    public TimeSpan ServeTimeout { get; init; } = TimeSpan.FromSeconds(20);

    /// <summary>Restarts it.</summary>
    /// <param name="entry">What it shall serve; null when it only has to come up.</param>
    /// <param name="limit">How long a start that is under way is waited for.</param>
    /// <param name="cancellationToken">Gives up; containerd starts nevertheless.</param>
    /// <returns>The outcome, and the reason for people when it is not <see cref="RestartOutcome.Serves"/>.</returns>
    public async Task<(RestartOutcome Outcome, string Reason)> RunAsync(HandlerEntry? entry, TimeSpan limit, CancellationToken cancellationToken)
    {
        var started = time.GetTimestamp();
        var job = await systemd.RestartAsync(unit, JobTimeout, cancellationToken);
        long? active = null;
        var looked = time.GetTimestamp() - time.TimestampFrequency;
        while (true)
        {
            var served = await client.GetServedAsync(cancellationToken);
            // Where another job replaced ours, the containerd that answers may still be the one from before.
            if (served.IsReady && (entry is null || served.Serves(entry)))
            {
                return (RestartOutcome.Serves, "");
            }

            if (time.GetElapsedTime(looked) >= ServicePollInterval)
            {
                looked = time.GetTimestamp();
                ServiceStatus service;
                try
                {
                    service = await systemd.GetServiceAsync(unit, cancellationToken);
                }
                catch (SystemdException) when (time.GetElapsedTime(started) < limit)
                {
                    // Nobody else watches this start: a bus that does not answer once is asked again.
                    continue;
                }

                active = service is { ActiveState: "active", Job: null } ? active ?? looked : null;
                if (RestartPolicy.HasFailed(service) || (job == "failed" && active is null))
                {
                    return (RestartOutcome.Failed, $"{unit} does not start ({service.ActiveState}, {service.SubState}, {service.Result})");
                }

                if (active is not null && served.IsReady)
                {
                    return (RestartOutcome.DoesNotServe, $"containerd is up and does not serve the handler {entry!.Handler}");
                }

                if (active is { } since && time.GetElapsedTime(since) >= ServeTimeout)
                {
                    return (RestartOutcome.DoesNotServe, $"{unit} is active and its CRI does not answer: {served.Reason}");
                }

                if (active is null && time.GetElapsedTime(started) >= limit)
                {
                    return (RestartOutcome.Starting, $"{unit} is still starting after {limit.TotalSeconds:0} s ({service.ActiveState}, {service.SubState})");
                }

                await stuckShims.EndWhereTheyHangAsync(service, cancellationToken);
            }

            await Task.Delay(ServePollInterval, time, cancellationToken);
        }
    }
}
