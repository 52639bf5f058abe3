// SPDX-License-Identifier: Apache-2.0

using RuntimeGVisor.NodeInstaller.Containerd;
using RuntimeGVisor.NodeInstaller.Containerd.Configuration;
using RuntimeGVisor.NodeInstaller.Releases;
using RuntimeGVisor.NodeInstaller.Systemd;

namespace RuntimeGVisor.NodeInstaller.Convergence;

/// <summary>The node as it is, as far as the installation depends on it.</summary>
internal sealed record Observation
{
    /// <summary>When it was looked at.</summary>
    public required DateTimeOffset Time { get; init; }

    /// <summary>containerd's main configuration.</summary>
    public required ContainerdConfigurationFile ContainerdConfiguration { get; init; }

    /// <summary>Fingerprint of what may have changed since a release with flags failed, containerd's configuration and its imports above all.</summary>
    public required string Inputs { get; init; }

    /// <summary>What containerd serves.</summary>
    public required ServedRuntime Served { get; init; }

    /// <summary>What systemd says of containerd.</summary>
    public required ServiceStatus Service { get; init; }

    /// <summary>Who uses gVisor's files.</summary>
    public required FileUse Use { get; init; }

    /// <summary>Files of the desired release that are not right on the node.</summary>
    public required IReadOnlyList<ReleaseFile> Defects { get; init; }

    /// <summary>gVisor as another installer has put it on the node; null when there is none.</summary>
    public required ForeignExecutables? Foreign { get; init; }
}
