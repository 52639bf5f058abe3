// SPDX-License-Identifier: Apache-2.0

namespace RuntimeGVisor.NodeInstaller.Convergence;

/// <summary>
/// What outlives the process. It is never believed about the state of the node, which is observed; it tells what cannot be seen there: that a
/// restart is pending, what was verified, what failed, how often containerd was restarted.
/// </summary>
internal sealed record Journal
{
    /// <summary>containerd's configuration was changed and containerd has not been seen serving the change.</summary>
    public bool RestartPending { get; init; }

    /// <summary>The last installation that works, to which a failing change is rolled back; null when there never was one.</summary>
    public VerifiedInstallation? Verified { get; init; }

    /// <summary>The release with flags that failed last; it is not tried again for some time.</summary>
    public RejectedInstallation? Rejected { get; init; }

    /// <summary>When containerd was restarted by this program within the last hour, rollbacks included.</summary>
    public IReadOnlyList<DateTimeOffset> Restarts { get; init; } = [];

    /// <summary>The last reconcile's failure; null when it had none.</summary>
    public RecordedFailure? Failure { get; init; }

    /// <summary>Fingerprints of release files whose checksums were right.</summary>
    public Dictionary<string, string> VerifiedFiles { get; init; } = [];

    /// <summary>Releases and configurations by path, with the first look that found each unused.</summary>
    public Dictionary<string, DateTimeOffset> UnusedSince { get; init; } = [];

    /// <summary>The runsc configuration of the Go extension that was taken over; it is pruned when nothing names it any more.</summary>
    public string? AdoptedConfiguration { get; init; }

    /// <summary>The first of the looks in a row of an uninstallation that found no sandbox.</summary>
    public DateTimeOffset? EmptySince { get; init; }
}
