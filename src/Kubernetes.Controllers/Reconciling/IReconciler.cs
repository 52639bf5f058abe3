// SPDX-License-Identifier: Apache-2.0

using Kubernetes.Controllers.Client;

namespace Kubernetes.Controllers.Reconciling;

/// <summary>Brings the world closer to what one object asks for.</summary>
public interface IReconciler
{
    /// <summary>
    /// Reconciles the object with this key, which may be gone by now. Never runs twice at once for the same key, nor for two keys of one
    /// serialization group.
    /// </summary>
    /// <exception cref="TerminalReconcileException">Trying again is of no use until something changes.</exception>
    /// <exception cref="Exception">Any other exception is tried again with growing delay.</exception>
    Task<ReconcileResult> ReconcileAsync(ObjectKey key, CancellationToken cancellationToken);
}

/// <summary>What is to happen after a reconcile that did not fail.</summary>
public readonly record struct ReconcileResult
{
    /// <summary>Nothing; the next event wakes it.</summary>
    public static ReconcileResult Done => default;

    /// <summary>How long to wait before the next reconcile; null for none.</summary>
    public TimeSpan? RequeueAfter { get; private init; }

    /// <summary>Reconcile again after this time, without counting as a failure. An event in between does not wait for it.</summary>
    public static ReconcileResult After(TimeSpan delay) => new() { RequeueAfter = delay };
}

/// <summary>A reconcile failed in a way that trying again does not cure: it is counted and logged, and waits for the next event.</summary>
public sealed class TerminalReconcileException(string message, Exception? innerException = null) : Exception(message, innerException);
