// SPDX-License-Identifier: Apache-2.0

using Grpc.Core;
using NodeTestBed;

namespace NodeInstaller;

/// <summary>Sees containerd as the kubelet does: asks it all the time what it serves.</summary>
internal static class ContainerdWatch
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(5);
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);

    /// <summary>Starts a program and watches containerd until it serves the handler.</summary>
    /// <param name="node">A node on which containerd serves, without the handler.</param>
    /// <param name="start">Lets the program go on from where it waits.</param>
    /// <param name="cancellationToken">Ends the watch.</param>
    /// <returns>What happened, and when the program was started.</returns>
    /// <exception cref="TimeoutException">containerd does not serve the handler.</exception>
    public static async Task<(Outcome Outcome, long StartedAt)> ObserveAsync(TestNode node, Action start, CancellationToken cancellationToken)
    {
        var time = TimeProvider.System;
        if (await FindServedAsync(node, cancellationToken) is not false)
        {
            throw new InvalidOperationException("containerd does not serve, or serves the handler already");
        }

        var started = time.GetTimestamp();
        start();
        var answered = started;
        var isOut = false;
        var outage = TimeSpan.Zero;
        while (true)
        {
            var served = await FindServedAsync(node, cancellationToken);
            var now = time.GetTimestamp();
            if (served is not null)
            {
                outage = isOut ? time.GetElapsedTime(answered, now) : outage;
                answered = now;
            }

            isOut = served is null;
            if (served is true)
            {
                return (new Outcome(time.GetElapsedTime(started, now), outage), started);
            }

            if (time.GetElapsedTime(started, now) > Limit)
            {
                throw new TimeoutException($"containerd does not serve the handler after {Limit.TotalSeconds} s");
            }

            await Task.Delay(Interval, time, cancellationToken);
        }
    }

    /// <summary>Whether it serves the handler; null when it does not answer.</summary>
    private static async Task<bool?> FindServedAsync(TestNode node, CancellationToken cancellationToken)
    {
        try
        {
            return (await node.Runtime.ServedConfigurationAsync(cancellationToken)).Contains("\"runsc\":{", StringComparison.Ordinal);
        }
        catch (RpcException) when (!cancellationToken.IsCancellationRequested)
        {
            return null;
        }
    }
}
