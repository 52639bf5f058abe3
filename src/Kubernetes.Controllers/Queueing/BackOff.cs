// SPDX-License-Identifier: Apache-2.0

namespace Kubernetes.Controllers.Queueing;

/// <summary>Delays that double from attempt to attempt.</summary>
internal static class BackOff
{
    /// <summary>The delay after <paramref name="failures"/> earlier failures: initial · 2ⁿ, at most <paramref name="max"/>.</summary>
    /// <param name="initial">The delay after the first failure.</param>
    /// <param name="max">The delay grows no further than this.</param>
    /// <param name="failures">How many failures there were before.</param>
    /// <param name="jitter">The delay is longer by up to this part of it, at random.</param>
    public static TimeSpan Exponential(TimeSpan initial, TimeSpan max, int failures, double jitter = 0)
    {
        var ticks = initial.Ticks * Math.Pow(2, failures) * (1 + (jitter * Random.Shared.NextDouble()));
        return ticks < max.Ticks ? TimeSpan.FromTicks((long)ticks) : max;
    }
}
