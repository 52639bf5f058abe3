// SPDX-License-Identifier: Apache-2.0

using Microsoft.Extensions.Time.Testing;

namespace Kubernetes.Controllers.Tests.Testing;

/// <summary>Waits for something that other threads do, with a limit that only a failure reaches.</summary>
public static class Eventually
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(20);

    /// <summary>Until the condition holds.</summary>
    public static Task HoldsAsync(Func<bool> condition, string because) => HoldsAsync(condition, because, null, default);

    /// <summary>Until the condition holds, while <paramref name="time"/> goes on in steps.</summary>
    public static async Task HoldsAsync(Func<bool> condition, string because, FakeTimeProvider? time, TimeSpan step)
    {
        var started = TimeProvider.System.GetTimestamp();
        while (!condition())
        {
            (TimeProvider.System.GetElapsedTime(started) < Limit).Should().BeTrue($"it should happen in time that {because}");
            time?.Advance(step);
            await Task.Delay(TimeSpan.FromMilliseconds(2), TimeProvider.System, CancellationToken.None);
        }
    }
}
