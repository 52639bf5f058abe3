// SPDX-License-Identifier: Apache-2.0

using RuntimeGVisor.NodeConfiguration;
using RuntimeGVisor.NodeInstaller.Containerd;
using RuntimeGVisor.NodeInstaller.Containerd.Configuration;
using RuntimeGVisor.NodeInstaller.Releases;

namespace RuntimeGVisor.NodeInstaller.Convergence;

/// <summary>A file's text before and after.</summary>
/// <param name="Path">The file.</param>
/// <param name="Before">Its text; null when it does not exist.</param>
/// <param name="After">The text that it gets.</param>
internal sealed record FileChange(string Path, string? Before, string After)
{
    public bool IsNeeded => Before != After;
}

/// <summary>What has to be done to a node: a pure function of the node as it is and as it is wanted.</summary>
internal sealed record InstallationPlan
{
    /// <summary>Files of the release to copy; empty when all are there.</summary>
    public required IReadOnlyList<ReleaseFile> FilesToCopy { get; init; }

    /// <summary>Whether a runsc of another installer stays where it is for the sandboxes that use it.</summary>
    public required bool KeepForeignRunsc { get; init; }

    /// <summary>Whether the names in the binary directory have to be pointed to the release.</summary>
    public required bool MakeCurrent { get; init; }

    /// <summary>runsc's flags.</summary>
    public required IReadOnlyList<RunscFlagValue> Flags { get; init; }

    /// <summary>runsc's configuration.</summary>
    public required FileChange RunscConfiguration { get; init; }

    /// <summary>The handler's entry.</summary>
    public required HandlerEntry Entry { get; init; }

    /// <summary>containerd's configuration.</summary>
    public required FileChange ContainerdConfiguration { get; init; }

    /// <summary>Whether containerd has to be restarted because it serves something else.</summary>
    public required bool Restart { get; init; }

    /// <summary>Whether a file has to be changed.</summary>
    public bool ChangesFiles => FilesToCopy.Count > 0 || MakeCurrent || RunscConfiguration.IsNeeded || ContainerdConfiguration.IsNeeded;

    /// <summary>Makes the plan.</summary>
    /// <param name="wanted">The configuration.</param>
    /// <param name="release">The release to install.</param>
    /// <param name="store">The releases on the node.</param>
    /// <param name="node">The node as it is.</param>
    /// <param name="restartOwed">Whether an earlier pass changed containerd's configuration and may have been killed before its restart.</param>
    /// <exception cref="ContainerdConfigurationException">containerd's configuration cannot be edited.</exception>
    public static InstallationPlan Make(
        NodeInstallerConfiguration wanted, Release release, ReleaseStore store, NodeState node, bool restartOwed)
    {
        var pathInUse = node.ContainerdConfiguration.FindRuntime(wanted.Handler) is { } table
            ? HandlerEntry.ConfigPathOf(wanted.Handler, table)
            : node.Served.ConfigPathOf(wanted.Handler);
        // A containerd that does not answer may run sandboxes with every file that there is.
        var sandboxes = node.Sandboxes ?? [.. node.RunscConfigurations.Keys.Select(path => new SandboxUse("", "", path))];
        var configPath = ConfigPathChoice.Choose(wanted.RunscConfigurationFile, pathInUse, release.Key, sandboxes, ReleaseOf);
        var systemdCgroup = node.Served.RuncUsesSystemdCgroup ?? node.ContainerdConfiguration.RuncUsesSystemdCgroup;
        var flags = RunscConfigurationFile.FlagsFor(wanted.RunscFlags, systemdCgroup);
        var entry = new HandlerEntry(wanted.Handler, configPath);
        var containerdConfiguration = new FileChange(
            wanted.Containerd.ConfigurationFile,
            node.ContainerdConfiguration.Document.Text,
            HandlerEditor.Set(node.ContainerdConfiguration, entry));
        return new()
        {
            FilesToCopy = node.Defects,
            KeepForeignRunsc = node.KeepForeignRunsc,
            MakeCurrent = !node.IsCurrent,
            Flags = flags,
            RunscConfiguration = new(
                configPath,
                node.RunscConfigurations.GetValueOrDefault(configPath),
                RunscConfigurationFile.Render(store.RunscOf(release.Key), flags)),
            Entry = entry,
            ContainerdConfiguration = containerdConfiguration,
            // A containerd that does not answer is restarted only if we changed its configuration: otherwise it is not our doing.
            Restart = node.Served.IsReady ? !node.Served.Serves(entry) : restartOwed,
        };

        string? ReleaseOf(string path) =>
            store.KeyOf(RunscConfigurationFile.FindRunsc(node.RunscConfigurations.GetValueOrDefault(path)));
    }
}
