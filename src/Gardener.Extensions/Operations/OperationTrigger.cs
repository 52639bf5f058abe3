// SPDX-License-Identifier: Apache-2.0

using System.Collections.Immutable;
using Gardener.Extensions.Api;
using Kubernetes.Controllers.Caching;

namespace Gardener.Extensions.Operations;

/// <summary>
/// Decides which changes of extension objects start a reconcile (Gardener contract 2.3: event filters). Whether the shoot has failed is
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

    /// <summary>The object belongs to this extension, and something is left to do for it.</summary>
    public bool NeedsReconcile(IExtensionObject value) => IsResponsibleFor(value) && (IgnoreOperationAnnotation || value.NeedsReconcile());

    /// <summary>
    /// The change starts a reconcile: the object needs one, and gardenlet has asked for it just now. An own write is no request, so that an
    /// object that fails or waits does not start itself over and over, past its back-off.
    /// </summary>
    public bool ShouldReconcile<T>(InformerEvent<T> change)
        where T : class, IExtensionObject =>
        change.Type != InformerEventType.Deleted
        && NeedsReconcile(change.Object)
        && (change.Previous is not { } previous || (change.IsResync ? change.Object.NeedsReconcile() : IsRequest(previous, change.Object)));

    private bool IsRequest(IExtensionObject previous, IExtensionObject value)
    {
        var isNew = !OperationRequest.Of(value).IsSameAs(OperationRequest.Of(previous));
        return IgnoreOperationAnnotation
            ? previous.Metadata.Generation != value.Metadata.Generation || (isNew && RequestsMigrateOrRestore(value))
            : isNew && (value.HasOperationAnnotation() || value.IsBeingDeleted());
    }

    /// <summary>Migration and restoration do not change the generation.</summary>
    private static bool RequestsMigrateOrRestore(IExtensionObject value) => value.OperationAnnotation() is GardenerOperation.Migrate or GardenerOperation.Restore;
}
