// SPDX-License-Identifier: Apache-2.0

namespace RuntimeGVisor.NodeConfiguration;

/// <summary>What a node shall be brought to.</summary>
public enum DesiredState
{
    /// <summary>runsc, its shim and the containerd handler are on the node, proven and kept.</summary>
    Installed,

    /// <summary>Nothing of gVisor is left on the node but what a running sandbox still uses.</summary>
    Uninstalled,
}
