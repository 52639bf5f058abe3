// SPDX-License-Identifier: Apache-2.0

using RuntimeGVisor.NodeInstaller.Convergence;
using RuntimeGVisor.NodeInstaller.Releases;

namespace RuntimeGVisor.NodeInstaller.CommandLine;

/// <summary>A plan with all that it was made from, for the verbs that change nothing.</summary>
internal sealed record PlannedInstallation(Release Release, Journal Journal, Observation Observation, InstallationPlan Plan)
{
    /// <summary>Observes the node and makes the plan.</summary>
    /// <param name="node">The node.</param>
    /// <param name="believeJournal">Whether files that were verified once and have not changed are not read again.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public static async Task<PlannedInstallation> MakeAsync(NodeParts node, bool believeJournal, CancellationToken cancellationToken)
    {
        var journal = node.Journal.Read();
        var release = Release.Open(node.ReleaseDirectory);
        var verified = believeJournal ? journal.VerifiedFiles.ToDictionary() : [];
        var observation = await node.Observer.ObserveAsync(release, verified, cancellationToken);
        var old = node.Observer.FindOldConfigurations(journal);
        return new(release, journal, observation, InstallationPlan.Make(node.Desired, node.Layout, release, node.Store, observation, journal, old));
    }
}
