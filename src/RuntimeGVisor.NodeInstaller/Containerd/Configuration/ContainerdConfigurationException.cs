// SPDX-License-Identifier: Apache-2.0

namespace RuntimeGVisor.NodeInstaller.Containerd.Configuration;

/// <summary>Why containerd's configuration cannot be changed.</summary>
internal enum ContainerdConfigurationProblem
{
    /// <summary>There is nothing in the file (yet), or no file.</summary>
    Empty,

    /// <summary>The file is no TOML: half written or broken by someone.</summary>
    NotToml,

    /// <summary>The version of the file, or of what containerd prints, is newer than this program.</summary>
    UnknownVersion,

    /// <summary>The entry is written in a form in which it cannot be changed without touching what belongs to others.</summary>
    NotEditable,

    /// <summary>The file is a link to a place that this program does not see.</summary>
    OutOfReach,

    /// <summary>Somebody goes on writing the file.</summary>
    Changing,

    /// <summary>The node's containerd does not take the file.</summary>
    Rejected,

    /// <summary>The entry does not reach containerd, because something else hides it.</summary>
    Hidden,
}

/// <summary>containerd's configuration cannot be changed; nothing was written.</summary>
internal sealed class ContainerdConfigurationException(ContainerdConfigurationProblem problem, string message) : Exception(message)
{
    public ContainerdConfigurationProblem Problem { get; } = problem;
}
