// SPDX-License-Identifier: Apache-2.0

using System.Diagnostics;

namespace ControlPlane;

/// <summary>Waits for what other processes do.</summary>
public static class Eventually
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(50);

    /// <summary>Reads until the value is as wanted, and returns it.</summary>
    /// <param name="what">What is waited for, for the message.</param>
    /// <param name="read">Reads the value.</param>
    /// <param name="wanted">Whether it is as wanted.</param>
    /// <param name="timeout">How long at most; generous, because it only matters when something is wrong.</param>
    /// <exception cref="TimeoutException">With the last value.</exception>
    public static async Task<T> GetAsync<T>(string what, Func<Task<T>> read, Predicate<T> wanted, TimeSpan? timeout = null)
    {
        var limit = timeout ?? TimeSpan.FromSeconds(120);
        var elapsed = Stopwatch.StartNew();
        while (true)
        {
            var value = await read();
            if (wanted(value))
            {
                return value;
            }

            if (elapsed.Elapsed > limit)
            {
                throw new TimeoutException($"After {limit.TotalSeconds} s still waiting for: {what}. Last seen: {(value is null ? "nothing" : value.ToString())}");
            }

            await Task.Delay(Interval, TimeProvider.System, CancellationToken.None);
        }
    }

    /// <inheritdoc cref="GetAsync"/>
    public static Task TrueAsync(string what, Func<Task<bool>> isTrue, TimeSpan? timeout = null) => GetAsync(what, isTrue, value => value, timeout);
}
