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
