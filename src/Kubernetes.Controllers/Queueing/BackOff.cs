// SPDX-License-Identifier: Apache-2.0

namespace Kubernetes.Controllers.Queueing;

/// <summary>Delays that double from attempt to attempt.</summary>
internal static class BackOff
{
    /// <summary>The delay after <paramref name="failures"/> earlier failures: initial · 2ⁿ, at most <paramref name="max"/>.</summary>
    public static TimeSpan Exponential(TimeSpan initial, TimeSpan max, int failures)
    {
        var ticks = initial.Ticks * Math.Pow(2, failures);
        return ticks < max.Ticks ? TimeSpan.FromTicks((long)ticks) : max;
    }
}
