// SPDX-License-Identifier: Apache-2.0

using Grpc.Core;

namespace NodeTestBed;

/// <summary>Waits for something that another program does in its own time.</summary>
public static class Eventually
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(20);

    public static async Task BecomesTrueAsync(
        string what,
        TimeSpan limit,
        Func<CancellationToken, Task<bool>> condition,
        Func<string>? explain = null,
        CancellationToken cancellationToken = default)
    {
        var started = TimeProvider.System.GetTimestamp();
        while (!await HoldsAsync(condition, cancellationToken))
        {
            if (TimeProvider.System.GetElapsedTime(started) > limit)
            {
                throw new TimeoutException($"not within {limit.TotalSeconds} s: {what}\n{explain?.Invoke()}");
            }

            await Task.Delay(Interval, TimeProvider.System, cancellationToken);
        }
    }

    public static Task BecomesTrueAsync(string what, TimeSpan limit, Func<bool> condition, Func<string>? explain = null) =>
        BecomesTrueAsync(what, limit, _ => Task.FromResult(condition()), explain);

    /// <summary>What asks a containerd that restarts in this moment does not hold yet.</summary>
    private static async Task<bool> HoldsAsync(Func<CancellationToken, Task<bool>> condition, CancellationToken cancellationToken)
    {
        try
        {
            return await condition(cancellationToken);
        }
        catch (RpcException exception) when (exception.StatusCode == StatusCode.Unavailable)
        {
            return false;
        }
    }
}
