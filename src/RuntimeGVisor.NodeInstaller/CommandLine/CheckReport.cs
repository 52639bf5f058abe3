// SPDX-License-Identifier: Apache-2.0

namespace RuntimeGVisor.NodeInstaller.CommandLine;

/// <summary>What <c>status</c> and <c>verify</c> print.</summary>
internal sealed record CheckReport
{
    /// <summary>Whether every check matches the desired state.</summary>
    public required bool MatchesDesired { get; init; }

    public required string DesiredState { get; init; }

    public required string Handler { get; init; }

    public required IReadOnlyList<Check> Checks { get; init; }

    /// <summary>Releases on the node.</summary>
    public required IReadOnlyList<string> Releases { get; init; }

    /// <summary>Sandboxes that use the installation.</summary>
    public required IReadOnlyList<string> Sandboxes { get; init; }

    /// <summary>Restarts of containerd by the installer within the last hour.</summary>
    public required IReadOnlyList<DateTimeOffset> Restarts { get; init; }

    /// <summary>What the last reconcile failed with; null when it did not.</summary>
    public required string? LastFailure { get; init; }
}

/// <summary>One part of the installation.</summary>
/// <param name="Name">Which part.</param>
/// <param name="MatchesDesired">Whether it is as desired.</param>
/// <param name="Message">What was found.</param>
internal sealed record Check(string Name, bool MatchesDesired, string Message);
