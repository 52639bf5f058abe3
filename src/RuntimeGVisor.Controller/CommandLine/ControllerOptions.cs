// SPDX-License-Identifier: Apache-2.0

using System.Collections.Immutable;

namespace RuntimeGVisor.Controller.CommandLine;

/// <summary>What the controller was started with; the flags have the defaults.</summary>
internal sealed record ControllerOptions
{
    public string? Kubeconfig { get; init; }

    public string? Master { get; init; }

    public required bool LeaderElection { get; init; }

    public required string LeaderElectionId { get; init; }

    public string? LeaderElectionNamespace { get; init; }

    public string? HeartbeatNamespace { get; init; }

    public required int HeartbeatRenewIntervalSeconds { get; init; }

    public required string MetricsBindAddress { get; init; }

    public required string HealthBindAddress { get; init; }

    public required int MaxConcurrentReconciles { get; init; }

    public bool IgnoreOperationAnnotation { get; init; }

    public required bool HealthConditions { get; init; }

    public ImmutableArray<string> ExtensionClasses { get; init; } = [];

    public required string LogLevel { get; init; }

    public required string LogFormat { get; init; }

    /// <summary>The gardenlet that installed this; only logged.</summary>
    public string? GardenerVersion { get; init; }

    /// <summary>Flags that were given and mean nothing here.</summary>
    public ImmutableArray<string> IgnoredFlags { get; init; } = [];

    public required RenderingOptions Rendering { get; init; }
}

/// <summary>What decides, beside the object itself, which objects a shoot gets.</summary>
internal sealed record RenderingOptions
{
    /// <summary>A file that overrides entries of the built-in image vector.</summary>
    public string? ImageVectorOverwrite { get; init; }

    /// <summary>For development only: shoot owners may pick a tag of this repository, which then runs as root on their nodes.</summary>
    public string? TestRepository { get; init; }

    /// <summary>New nodes stay closed to other pods until gVisor works on them.</summary>
    public bool IsNodeCritical { get; init; }

    /// <summary>The file with the operator's policy for flags; null for the built-in one.</summary>
    public string? FlagPolicy { get; init; }
}
