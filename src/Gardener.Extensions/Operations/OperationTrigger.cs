// SPDX-License-Identifier: Apache-2.0

using System.Collections.Immutable;
using Gardener.Extensions.Api;
using Kubernetes.Controllers.Caching;

namespace Gardener.Extensions.Operations;

/// <summary>
/// Decides which changes of extension objects start a reconcile (Gardener contract: event filters). Whether the shoot has failed is
/// not asked here but when the object is reconciled: a filter that reads another cache would lose triggers.
/// </summary>
public sealed record OperationTrigger
{
    /// <summary>The type that this extension is responsible for, for example <c>gvisor</c>.</summary>
    public required string Type { get; init; }

    /// <summary>The classes that it is responsible for. Empty means <c>shoot</c>, which is also the class of an object without one.</summary>
    public ImmutableArray<string> Classes { get; init; } = [];

    /// <summary>
    /// Reconcile on every change of the specification instead of on gardenlet's annotation. Default false, as production needs:
    /// only the annotation announces migration and restoration.
    /// </summary>
    public bool IgnoreOperationAnnotation { get; init; }

    /// <summary>The object belongs to this extension.</summary>
    public bool IsResponsibleFor(IExtensionObject value)
    {
        var extensionClass = value.ExtensionClass ?? "shoot";
        var isOurClass = Classes.IsDefaultOrEmpty || Classes is [""] ? extensionClass == "shoot" : Classes.Contains(extensionClass);
        return isOurClass && value.ExtensionType == Type;
    }

    /// <summary>The change starts a reconcile.</summary>
    public bool Admits<T>(InformerEvent<T> change)
        where T : class, IExtensionObject
    {
        if (!IsResponsibleFor(change.Object))
        {
            return false;
        }

        return change.Type switch
        {
            InformerEventType.Added => IgnoreOperationAnnotation || change.Object.HasWorkLeft(),
            InformerEventType.Updated => IgnoreOperationAnnotation
                ? IsOfNewGeneration(change) || (AsksToMove(change.Object) && !IsOwnWrite(change))
                : (change.Object.AsksForOperation() || change.Object.IsBeingDeleted()) && !IsOwnWrite(change),
            _ => false,
        };
    }

    /// <summary>
    /// The status or the finalizers changed, and nothing that gardenlet writes when it asks, or asks again. Such a change must not start
    /// the next reconcile: an object that fails or waits would start itself over and over, past its back-off.
    /// </summary>
    private static bool IsOwnWrite<T>(InformerEvent<T> change)
        where T : class, IExtensionObject =>
        change.Previous is { } previous
        && (previous.ExtensionStatus != change.Object.ExtensionStatus || !FinalizersOf(previous).SequenceEqual(FinalizersOf(change.Object)))
        && previous.OperationAnnotation() == change.Object.OperationAnnotation()
        && previous.TimestampAnnotation() == change.Object.TimestampAnnotation()
        && !IsOfNewGeneration(change);

    private static IEnumerable<string> FinalizersOf(IExtensionObject value) => value.Metadata.Finalizers ?? [];

    /// <summary>The specification changed, or the object's deletion began.</summary>
    private static bool IsOfNewGeneration<T>(InformerEvent<T> change)
        where T : class, IExtensionObject =>
        change.Previous?.Metadata.Generation != change.Object.Metadata.Generation;

    /// <summary>Migration and restoration do not change the generation.</summary>
    private static bool AsksToMove(IExtensionObject value) => value.OperationAnnotation() is GardenerOperation.Migrate or GardenerOperation.Restore;
}
