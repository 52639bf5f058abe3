// SPDX-License-Identifier: Apache-2.0

using Hosting.Metrics;

namespace Kubernetes.Controllers.Queueing;

/// <summary>How a work queue delays, groups and reports.</summary>
/// <typeparam name="TKey">The type of the keys.</typeparam>
internal sealed record WorkQueueOptions<TKey>
    where TKey : notnull
{
    /// <summary>Keys of the same group are never processed at the same time; null if only a key excludes itself.</summary>
    public Func<TKey, string>? Group { get; init; }

    /// <summary>Delay after the first failure of a key; it doubles with each further one.</summary>
    public required TimeSpan InitialBackOff { get; init; }

    /// <summary>The delay grows no further than this.</summary>
    public required TimeSpan MaxBackOff { get; init; }

    /// <summary>Gets the <c>workqueue_*</c> metrics; null for none.</summary>
    public MetricRegistry? Metrics { get; init; }
}
