// SPDX-License-Identifier: Apache-2.0

namespace Kubernetes.Controllers.Reconciling;

/// <summary>What is to happen after a reconcile that did not fail.</summary>
public readonly record struct ReconcileResult
{
    /// <summary>Nothing is left to do until the next event.</summary>
    public static ReconcileResult Done => default;

    /// <summary>How long to wait before the next reconcile; null for none.</summary>
    public TimeSpan? RequeueAfter { get; private init; }

    /// <summary>Reconcile again after this time, without counting as a failure. An event in between does not wait for it.</summary>
    public static ReconcileResult After(TimeSpan delay) => new() { RequeueAfter = delay };
}
