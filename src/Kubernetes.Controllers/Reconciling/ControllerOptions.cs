// SPDX-License-Identifier: Apache-2.0

using Kubernetes.Controllers.Client;

namespace Kubernetes.Controllers.Reconciling;

/// <summary>How a controller works.</summary>
public sealed record ControllerOptions
{
    /// <summary>How many keys are reconciled at the same time.</summary>
    public int Workers { get; init; } = 5;

    /// <summary>A reconcile that takes longer is cancelled and counts as failed. Zero: no limit.</summary>
    public TimeSpan ReconcileTimeout { get; init; } = TimeSpan.FromMinutes(3);

    /// <summary>Keys of the same group are never reconciled at the same time; null if only a key excludes itself.</summary>
    public Func<ObjectKey, string>? SerializationGroup { get; init; }

    /// <summary>Delay after the first failure of a key; it doubles with each further one. Default: 5 ms, as controller-runtime.</summary>
    public TimeSpan InitialBackOff { get; init; } = TimeSpan.FromMilliseconds(5);

    /// <summary>The delay after failures grows no further than this. Default: 1000 s, as controller-runtime.</summary>
    public TimeSpan MaxBackOff { get; init; } = TimeSpan.FromSeconds(1000);

    /// <summary>How long reconciles that run when the controller stops may go on.</summary>
    public TimeSpan DrainTimeout { get; init; } = TimeSpan.FromSeconds(25);
}
