// SPDX-License-Identifier: Apache-2.0

namespace RuntimeGVisor.NodeInstaller.Containerd.Configuration;

/// <summary>Why containerd's configuration cannot be changed.</summary>
internal enum ContainerdConfigurationProblem
{
    /// <summary>There is nothing in the file (yet).</summary>
    Empty,

    /// <summary>The file is no TOML: half written or broken by someone.</summary>
    NotToml,

    /// <summary>The file's version is newer than this program.</summary>
    UnknownVersion,

    /// <summary>The entry is written in a form in which it cannot be changed without touching what belongs to others.</summary>
    NotEditable,
}

/// <summary>containerd's configuration cannot be changed; nothing was written.</summary>
internal sealed class ContainerdConfigurationException(ContainerdConfigurationProblem problem, string message) : Exception(message)
{
    public ContainerdConfigurationProblem Problem { get; } = problem;
}
