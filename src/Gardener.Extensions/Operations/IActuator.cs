// SPDX-License-Identifier: Apache-2.0

using Gardener.Extensions.Api;

namespace Gardener.Extensions.Operations;

/// <summary>
/// The part of an extension that Gardener's contract leaves open: what is written for an object. Every method is called again from
/// its beginning after an interruption, an error or a wait, so each must derive what is left to do from what exists. Two objects of
/// one namespace are never handled at the same time. None may wait inside: return <see cref="OperationOutcome.Waiting"/>.
/// </summary>
/// <typeparam name="T">The kind of extension object.</typeparam>
public interface IActuator<in T>
    where T : class, IExtensionObject
{
    /// <summary>Brings about what the object asks for; <paramref name="shoot"/> is never absent here.</summary>
    Task<OperationOutcome> ReconcileAsync(T value, ClusterShoot shoot, CancellationToken cancellationToken);

    /// <summary>The same after the control plane arrived on this seed.</summary>
    Task<OperationOutcome> RestoreAsync(T value, ClusterShoot shoot, CancellationToken cancellationToken);

    /// <summary>Takes everything away. <paramref name="shoot"/> is null when nothing is known of the shoot any more.</summary>
    Task<OperationOutcome> DeleteAsync(T value, ClusterShoot? shoot, CancellationToken cancellationToken);

    /// <summary>Takes away what can be taken away without waiting for the shoot's control plane, which is likely dead.</summary>
    Task<OperationOutcome> ForceDeleteAsync(T value, CancellationToken cancellationToken);

    /// <summary>Lets go of everything in the seed; what runs in the shoot stays.</summary>
    Task<OperationOutcome> MigrateAsync(T value, CancellationToken cancellationToken);
}
