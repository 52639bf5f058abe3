// SPDX-License-Identifier: Apache-2.0

namespace RuntimeGVisor.NodeInstaller.Convergence;

/// <summary>What one reconcile did.</summary>
internal sealed record ReconcileResult
{
    /// <summary>gVisor's version that is now on the node; null when there is none.</summary>
    public required string? Version { get; init; }

    /// <summary>What others had changed since the installation was verified, as far as it was repaired.</summary>
    public IReadOnlyList<Drift> Drift { get; init; } = [];

    /// <summary>Whether files were changed.</summary>
    public bool ChangedFiles { get; init; }

    /// <summary>Whether a sandbox was started for verification.</summary>
    public bool Verified { get; init; }

    /// <summary>Sandboxes that keep an uninstalled release on the node.</summary>
    public IReadOnlyList<string> Remaining { get; init; } = [];

    /// <summary>When an uninstallation looks again before it removes files; null when it does not wait for that.</summary>
    public DateTimeOffset? LooksAgain { get; init; }
}
