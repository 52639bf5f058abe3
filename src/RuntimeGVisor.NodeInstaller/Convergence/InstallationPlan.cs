// SPDX-License-Identifier: Apache-2.0

using RuntimeGVisor.NodeConfiguration;
using RuntimeGVisor.NodeInstaller.Containerd;
using RuntimeGVisor.NodeInstaller.Containerd.Configuration;
using RuntimeGVisor.NodeInstaller.Releases;

namespace RuntimeGVisor.NodeInstaller.Convergence;

/// <summary>
/// What has to be done to a node: a pure function of the node as it was observed, the journal and the desired state. <c>plan</c> prints its
/// steps and <c>install</c> runs them.
/// </summary>
internal sealed record InstallationPlan
{
    /// <summary>The steps in their order; empty when the node is as desired.</summary>
    public required IReadOnlyList<Step> Steps { get; init; }

    /// <summary>runsc's flags.</summary>
    public required IReadOnlyList<RunscFlagValue> Flags { get; init; }

    /// <summary>Whether the node's containers lie below systemd's slices.</summary>
    public required bool SystemdCgroup { get; init; }

    /// <summary>runsc's configuration.</summary>
    public required RunscConfiguration Configuration { get; init; }

    /// <summary>runsc of the release on the node.</summary>
    public required string RunscPath { get; init; }

    /// <summary>The handler's entry.</summary>
    public required HandlerEntry Entry { get; init; }

    /// <summary>containerd's configuration.</summary>
    public required FileChange ContainerdConfiguration { get; init; }

    /// <summary>Whether what another installer left has to be kept as a release to go back to.</summary>
    public required bool Adopts { get; init; }

    /// <summary>Whether containerd has to be restarted because it serves something else.</summary>
    public bool Restarts => Has(StepName.Restart);

    /// <summary>Whether a file has to be changed.</summary>
    public bool ChangesFiles => Steps.Any(step => step.Name is StepName.Stage or StepName.EditConfiguration or StepName.SwitchLinks or StepName.LinkRunsc);

    /// <summary>Whether a step is in the plan.</summary>
    public bool Has(StepName name) => Steps.Any(step => step.Name == name);

    /// <summary>What a verification of this installation shall find.</summary>
    /// <param name="program">The copy of this program on the node.</param>
    /// <param name="directory">A directory for the verification alone.</param>
    public VerificationRequest ToVerification(string program, string directory) => new()
    {
        Handler = Entry.Handler,
        ConfigPath = Entry.ConfigPath,
        SystemdCgroup = SystemdCgroup,
        Flags = Flags.ToDictionary(flag => flag.Name, flag => flag.Value, StringComparer.Ordinal),
        RunscPath = RunscPath,
        Program = program,
        Directory = directory,
    };

    /// <summary>Makes the plan.</summary>
    /// <param name="desired">The configuration.</param>
    /// <param name="layout">Where things are on the node.</param>
    /// <param name="release">The release to install.</param>
    /// <param name="store">The releases on the node.</param>
    /// <param name="node">The node as it is.</param>
    /// <param name="journal">What was recorded.</param>
    /// <param name="oldConfigurations">Configurations of runsc that lie outside of the releases.</param>
    /// <exception cref="ContainerdConfigurationException">containerd's configuration cannot be edited.</exception>
    public static InstallationPlan Make(
        NodeInstallerConfiguration desired,
        NodeLayout layout,
        Release release,
        ReleaseStore store,
        Observation node,
        Journal journal,
        IReadOnlyList<string> oldConfigurations)
    {
        var systemdCgroup = node.Served.RuncUsesSystemdCgroup ?? node.ContainerdConfiguration.UsesSystemdCgroup;
        var flags = RunscConfiguration.FlagsFor(desired.RunscFlags, systemdCgroup);
        var configuration = RunscConfiguration.For(store.DirectoryOf(release.Key), flags);
        var entry = new HandlerEntry(desired.Handler, configuration.Path);
        var change = new FileChange(
            layout.ConfigurationFile, node.ContainerdConfiguration.Document.Text, HandlerEditor.Set(node.ContainerdConfiguration, entry));
        var adopts = journal.Verified is null && node.Foreign is not null && node.ContainerdConfiguration.FindRuntime(desired.Handler) is not null;
        var restarts = RestartPolicy.Decide(node.Served, entry, node.Service, journal.RestartPending) == RestartDecision.Restart;
        var verified = journal.Verified is { } last && last.Handler == entry.Handler && last.ConfigPath == entry.ConfigPath;
        var unused = UnusedFiles.Find(store, oldConfigurations, node.Use, NeededConfigurations()) ?? [];
        List<Step> steps = [.. Steps()];
        if (steps.Count > 0)
        {
            steps.Add(new(StepName.Record, "write down what is verified"));
        }

        if (UnusedFiles.Due(UnusedFiles.Track(journal.UnusedSince, unused, node.Time), node.Time) is { Count: > 0 } due)
        {
            steps.Add(new(StepName.Prune, $"remove {string.Join(", ", due)}, unused for an hour"));
        }

        return new()
        {
            Steps = steps,
            Flags = flags,
            SystemdCgroup = systemdCgroup,
            Configuration = configuration,
            RunscPath = store.RunscOf(release.Key),
            Entry = entry,
            ContainerdConfiguration = change,
            Adopts = adopts,
        };

        IEnumerable<string> NeededConfigurations() => new[]
        {
            entry.ConfigPath, journal.Verified?.ConfigPath, node.Served.ConfigPathOf(desired.Handler),
            node.ContainerdConfiguration.FindRuntime(desired.Handler)?.Find([HandlerEntry.Options, "ConfigPath"]) as string,
        }.OfType<string>();

        IEnumerable<Step> Steps()
        {
            if (node.Defects.Count > 0 || !ReleaseStore.Has(configuration) || adopts)
            {
                yield return new(StepName.Stage, Sentence(
                    node.Defects.Count > 0 ? $"copy to {store.DirectoryOf(release.Key)}: {string.Join(", ", node.Defects.Select(file => file.Path))}" : null,
                    ReleaseStore.Has(configuration) ? null : $"write {configuration.Path}",
                    adopts ? "keep the gVisor of another installer as a release to go back to" : null));
            }

            if (!verified && change.IsNeeded)
            {
                yield return new(StepName.TryFlags, $"boot a sandbox with {store.RunscOf(release.Key)} and its flags");
            }

            if (change.IsNeeded)
            {
                yield return new(StepName.EditConfiguration, $"enter the handler {entry.Handler} in {change.Path}");
            }

            if (!store.IsCurrent(release.Key))
            {
                var instead = store.CurrentKey is { } current && current != release.Key ? $" instead of {current}" : "";
                yield return new(StepName.SwitchLinks, $"have {Release.Shim} lead to {release.Key}{instead}");
            }

            if (restarts)
            {
                yield return new(StepName.Restart, $"restart {layout.ContainerdUnit}, which does not serve the handler {entry.Handler} as desired");
            }

            if (!verified || restarts || journal.Verified!.ContainerdInvocation != node.Service.InvocationId)
            {
                yield return new(StepName.Verify, $"start a sandbox with the handler {entry.Handler}");
            }

            if (!store.IsRunscLinked && !node.Use.HasUsersOfRunscName)
            {
                yield return new(StepName.LinkRunsc, $"have the name {Release.Runsc} lead to the current release");
            }
        }
    }

    private static string Sentence(params string?[] parts) => string.Join("; ", parts.OfType<string>());
}
