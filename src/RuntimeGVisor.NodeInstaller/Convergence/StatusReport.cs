// SPDX-License-Identifier: Apache-2.0

using System.Text.Json.Serialization;

namespace RuntimeGVisor.NodeInstaller.Convergence;

/// <summary>What the installer says of itself; <c>/readyz</c> serves it as JSON.</summary>
internal sealed record StatusReport
{
    /// <summary>Whether the node is in the desired state and that is verified.</summary>
    public bool Ready { get; init; }

    /// <summary>Why not, as one of the documented reasons; empty when ready.</summary>
    public string Reason { get; init; } = "Starting";

    /// <summary>A sentence for people.</summary>
    public string Message { get; init; } = "the first reconcile is not over";

    /// <summary>When the last reconcile ended; null before the first.</summary>
    public DateTimeOffset? LastReconcile { get; init; }

    public required string DesiredState { get; init; }

    public required string InstallerVersion { get; init; }

    public required string Handler { get; init; }

    public required string WorkerPool { get; init; }

    /// <summary>gVisor's version on the node; empty when there is none.</summary>
    public string GVisorVersion { get; init; } = "";

    /// <summary>Sandboxes that keep an uninstalled release on the node.</summary>
    public IReadOnlyList<string> RemainingSandboxes { get; init; } = [];
}

[JsonSourceGenerationOptions(WriteIndented = true, PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(StatusReport))]
internal sealed partial class StatusReportJson : JsonSerializerContext;
