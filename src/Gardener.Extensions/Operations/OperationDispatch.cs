// SPDX-License-Identifier: Apache-2.0

using Gardener.Extensions.Api;

namespace Gardener.Extensions.Operations;

/// <summary>What a reconcile does with an object.</summary>
public enum OperationFlow
{
    /// <summary>Nothing at all: gardenlet restores the state first.</summary>
    WaitForState,

    /// <summary>Nothing: the control plane has left this seed.</summary>
    Skip,

    /// <summary>Bring about what the object asks for.</summary>
    Reconcile,

    /// <summary>The same after the control plane arrived on this seed.</summary>
    Restore,

    /// <summary>Take everything away.</summary>
    Delete,

    /// <summary>Let go of everything without touching the shoot.</summary>
    Migrate,
}

/// <summary>What to do with an object, and the type under which it is reported.</summary>
/// <param name="Flow">What to do.</param>
/// <param name="Type">The type for <c>lastOperation.type</c>.</param>
public readonly record struct OperationDispatch(OperationFlow Flow, OperationType Type)
{
    /// <summary>Decides by the object alone (Gardener contract 2.5: dispatch of extension objects; the first match wins).</summary>
    public static OperationDispatch For(IExtensionObject value)
    {
        var annotation = value.OperationAnnotation();
        if (annotation == GardenerOperation.WaitForState)
        {
            return new(OperationFlow.WaitForState, OperationType.Unknown);
        }

        var last = value.ExtensionStatus?.LastOperation;
        var type = TypeOf(annotation, value.IsBeingDeleted(), last);

        return type switch
        {
            OperationType.Migrate => new(OperationFlow.Migrate, type),

            // An object that was migrated away belongs to another seed: only restoring or migrating it again revives it.
            not OperationType.Restore when last is { Type: OperationType.Migrate, State: OperationState.Succeeded } => new(OperationFlow.Skip, type),
            _ when value.IsBeingDeleted() => new(OperationFlow.Delete, OperationType.Delete),
            OperationType.Restore => new(OperationFlow.Restore, type),
            _ => new(OperationFlow.Reconcile, type),
        };
    }

    private static OperationType TypeOf(string? annotation, bool isBeingDeleted, LastOperation? last) => (annotation, last) switch
    {
        (GardenerOperation.Migrate, _) => OperationType.Migrate,
        _ when isBeingDeleted => OperationType.Delete,
        (GardenerOperation.Restore, _) => OperationType.Restore,
        (_, null) => OperationType.Create,
        _ when WasInterruptedIn(last, OperationType.Create) => OperationType.Create,
        _ when WasInterruptedIn(last, OperationType.Migrate) => OperationType.Migrate,
        _ when WasInterruptedIn(last, OperationType.Restore) => OperationType.Restore,
        _ => OperationType.Reconcile,
    };

    private static bool WasInterruptedIn(LastOperation? last, OperationType type) =>
        last is not null && last.Type == type && last.State != OperationState.Succeeded;
}
