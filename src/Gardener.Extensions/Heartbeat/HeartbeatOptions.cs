// SPDX-License-Identifier: Apache-2.0

namespace Gardener.Extensions.Heartbeat;

/// <summary>How an extension shows gardenlet that it is alive.</summary>
public sealed record HeartbeatOptions
{
    /// <summary>The namespace of the extension's installation; gardenlet looks nowhere else.</summary>
    public required string Namespace { get; init; }

    /// <summary>The extension's name, written as the Lease's holder.</summary>
    public required string ExtensionName { get; init; }

    /// <summary>The beginning of the metric's name, for example <c>gvisor</c>.</summary>
    public required string MetricPrefix { get; init; }

    /// <summary>The pause between two beats, also written as the Lease's duration. Default 30 s.</summary>
    public TimeSpan RenewInterval { get; init; } = TimeSpan.FromSeconds(30);
}
