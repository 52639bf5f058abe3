// SPDX-License-Identifier: Apache-2.0

using Gardener.Extensions.Operations;

namespace Gardener.Extensions.Hosting;

/// <summary>Which objects an extension works on, and how.</summary>
public sealed record ExtensionControllerOptions
{
    /// <summary>Which objects belong to the extension and what starts their reconcile.</summary>
    public required OperationTrigger Trigger { get; init; }

    /// <summary>The label <c>origin</c> of the extension's ManagedResources; no others are cached.</summary>
    public required string Origin { get; init; }

    /// <summary>Objects that are reconciled at the same time. Default 5.</summary>
    public int Workers { get; init; } = 5;
}
