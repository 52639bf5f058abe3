// SPDX-License-Identifier: Apache-2.0

using Gardener.Extensions.Api;
using Gardener.Extensions.Health;
using Gardener.Extensions.Operations;

namespace Gardener.Extensions.Hosting;

/// <summary>Which objects an extension works on, and how.</summary>
/// <typeparam name="T">The kind of extension object.</typeparam>
public sealed record ExtensionControllerOptions<T>
    where T : class, IExtensionObject
{
    /// <summary>Which objects belong to the extension and what starts their reconcile.</summary>
    public required OperationTrigger Trigger { get; init; }

    /// <summary>The program that events name as their source, for example <c>gardener-extension-runtime-sample</c>.</summary>
    public required string Component { get; init; }

    /// <summary>The label <c>origin</c> of the extension's ManagedResources; no others are cached.</summary>
    public required string Origin { get; init; }

    /// <summary>The beginning of the names of the extension's own metrics, for example <c>gvisor</c>.</summary>
    public required string MetricPrefix { get; init; }

    /// <summary>How the health of the ManagedResources becomes a condition. Default null: there is none.</summary>
    public ExtensionHealthOptions<T>? Health { get; init; }

    /// <summary>Objects that are reconciled at the same time. Default 5.</summary>
    public int Workers { get; init; } = 5;

    /// <summary>The longest pause between two attempts at an object that keeps failing. Default 1000 s, as Gardener's own extensions have.</summary>
    public TimeSpan MaxBackOff { get; init; } = TimeSpan.FromSeconds(1000);
}
