// SPDX-License-Identifier: Apache-2.0

using Microsoft.Extensions.Time.Testing;

namespace Testing;

/// <summary>Waits for what other threads and processes do, with limits that only a failure reaches.</summary>
public static class Eventually
{
    private static readonly TimeSpan DefaultLimit = TimeSpan.FromSeconds(120);
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(50);

    /// <summary>Where only files and processes of this machine are looked at, some of which are there for a moment.</summary>
    private static readonly TimeSpan ShortInterval = TimeSpan.FromMilliseconds(20);

    /// <summary>Reads until the value is as desired, and returns it.</summary>
    /// <param name="what">What is waited for, for the message.</param>
    /// <param name="read">Reads the value.</param>
    /// <param name="desired">Whether it is as desired.</param>
    /// <param name="limit">How long at most; by default 120 s.</param>
    /// <exception cref="TimeoutException">With the last value.</exception>
    public static Task<T> GetAsync<T>(string what, Func<Task<T>> read, Predicate<T> desired, TimeSpan? limit = null) =>
        PollAsync(what, read, desired, limit ?? DefaultLimit, Interval, null);

    /// <inheritdoc cref="GetAsync"/>
    public static Task TrueAsync(string what, Func<Task<bool>> isTrue, TimeSpan? limit = null) => GetAsync(what, isTrue, value => value, limit);

    /// <inheritdoc cref="GetAsync"/>
    public static Task BecomesTrueAsync(string what, TimeSpan limit, Func<CancellationToken, Task<bool>> condition, Func<string>? explain = null) =>
        PollAsync(what, () => condition(CancellationToken.None), value => value, limit, ShortInterval, explain);

    /// <inheritdoc cref="GetAsync"/>
    public static Task BecomesTrueAsync(string what, TimeSpan limit, Func<bool> condition, Func<string>? explain = null) =>
        PollAsync(what, () => Task.FromResult(condition()), value => value, limit, ShortInterval, explain);

    /// <summary>Until the condition holds for what other threads do, while <paramref name="time"/> goes on in steps.</summary>
    public static async Task HoldsAsync(Func<bool> condition, string because, FakeTimeProvider? time = null, TimeSpan step = default)
    {
        var started = TimeProvider.System.GetTimestamp();
        while (!condition())
        {
            if (TimeProvider.System.GetElapsedTime(started) > DefaultLimit)
            {
                throw new TimeoutException($"It did not happen in {DefaultLimit.TotalSeconds} s that {because}.");
            }

            time?.Advance(step);
            await Task.Delay(TimeSpan.FromMilliseconds(2), TimeProvider.System, CancellationToken.None);
        }
    }

    private static async Task<T> PollAsync<T>(
        string what, Func<Task<T>> read, Predicate<T> desired, TimeSpan limit, TimeSpan interval, Func<string>? explain)
    {
        var started = TimeProvider.System.GetTimestamp();
        while (true)
        {
            var value = await read();
            if (desired(value))
            {
                return value;
            }

            if (TimeProvider.System.GetElapsedTime(started) > limit)
            {
                throw new TimeoutException(
                    $"After {limit.TotalSeconds} s still waiting for: {what}. Last seen: {value?.ToString() ?? "nothing"}\n{explain?.Invoke()}");
            }

            await Task.Delay(interval, TimeProvider.System, CancellationToken.None);
        }
    }
}
