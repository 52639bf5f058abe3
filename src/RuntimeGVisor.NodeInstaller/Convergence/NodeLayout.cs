// SPDX-License-Identifier: Apache-2.0

using RuntimeGVisor.NodeConfiguration;

namespace RuntimeGVisor.NodeInstaller.Convergence;

/// <summary>Where things are on a node, and in the installer's container, which has the node's directories at their own paths.</summary>
internal sealed record NodeLayout
{
    /// <summary>containerd's main configuration file.</summary>
    public string ConfigurationFile { get; init; } = "/etc/containerd/config.toml";

    /// <summary>Socket on which containerd serves the CRI and its own API.</summary>
    public string ContainerdSocket { get; init; } = "/run/containerd/containerd.sock";

    /// <summary>Directory below which containerd has the bundles of what runs.</summary>
    public string ContainerdState { get; init; } = "/run/containerd";

    /// <summary>systemd's unit that runs containerd.</summary>
    public string ContainerdUnit { get; init; } = "containerd.service";

    /// <summary>Socket of the system's D-Bus, over which systemd is asked.</summary>
    public string SystemBusSocket { get; init; } = "/run/dbus/system_bus_socket";

    /// <summary>Directory of the installer's lock and journal; it survives a restart of the node.</summary>
    public string StateDirectory { get; init; } = NodeInstallerConfiguration.StateDirectory;

    /// <summary>Directory for the files of a verification; there is one at a time.</summary>
    public string VerificationDirectory => Path.Join(StateDirectory, "verification");
}
