// SPDX-License-Identifier: Apache-2.0

namespace RuntimeGVisor.NodeInstaller.Systemd;

/// <summary>What systemd says of a service; the words are those of <c>systemctl show</c>.</summary>
internal sealed record ServiceStatus
{
    /// <summary>Such as <c>active</c>, <c>activating</c> or <c>failed</c>.</summary>
    public required string ActiveState { get; init; }

    /// <summary>Such as <c>running</c>, <c>start</c> or <c>auto-restart</c>.</summary>
    public required string SubState { get; init; }

    /// <summary>How the last run ended, such as <c>exit-code</c>; <c>success</c> while nothing went wrong.</summary>
    public required string Result { get; init; }

    /// <summary>Another one after every start; empty when the service does not run.</summary>
    public required string InvocationId { get; init; }

    /// <summary>The service's main process in the node's own numbers; 0 when it has none.</summary>
    public required uint MainPid { get; init; }

    /// <summary>When the service last became active; null when it never did.</summary>
    public required DateTimeOffset? ActiveSince { get; init; }

    /// <summary>Number of the job that waits or runs for the service; null when there is none.</summary>
    public required uint? Job { get; init; }

    /// <summary>Program and arguments of <c>ExecStart</c>, as the unit has them: systemd has not put in any variable.</summary>
    public required IReadOnlyList<string> Command { get; init; }
}
