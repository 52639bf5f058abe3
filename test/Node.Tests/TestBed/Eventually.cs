// SPDX-License-Identifier: Apache-2.0

namespace Node.Tests.TestBed;

/// <summary>Waits for something that another program does in its own time.</summary>
internal static class Eventually
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(20);

    public static async Task BecomesTrueAsync(
        string what, TimeSpan limit, Func<CancellationToken, Task<bool>> condition, Func<string>? explain = null)
    {
        var cancellationToken = TestContext.Current.CancellationToken;
        var started = TimeProvider.System.GetTimestamp();
        while (!await condition(cancellationToken))
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
}
