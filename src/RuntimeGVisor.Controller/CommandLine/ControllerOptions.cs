// SPDX-License-Identifier: Apache-2.0

using System.Collections.Immutable;

namespace RuntimeGVisor.Controller.CommandLine;

/// <summary>What the controller was started with. Defaults are those that production needs.</summary>
internal sealed record ControllerOptions
{
    public string? Kubeconfig { get; init; }

    public string? Master { get; init; }

    public bool LeaderElection { get; init; } = true;

    public string LeaderElectionId { get; init; } = "runtime-gvisor-leader-election";

    public string? LeaderElectionNamespace { get; init; }

    public string? HeartbeatNamespace { get; init; }

    public int HeartbeatRenewIntervalSeconds { get; init; } = 30;

    public string MetricsBindAddress { get; init; } = ":8080";

    public string HealthBindAddress { get; init; } = ":8081";

    public int MaxConcurrentReconciles { get; init; } = 5;

    public bool IgnoreOperationAnnotation { get; init; }

    public ImmutableArray<string> ExtensionClasses { get; init; } = [];

    public string LogLevel { get; init; } = "info";

    public string LogFormat { get; init; } = "json";

    /// <summary>The gardenlet that installed this; only logged.</summary>
    public string? GardenerVersion { get; init; }

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
}
