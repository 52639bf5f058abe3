// SPDX-License-Identifier: Apache-2.0

namespace RuntimeGVisor.NodeInstaller.CommandLine;

/// <summary>What the process returns; documented in docs/operations/node-installer.md.</summary>
internal enum ExitCode
{
    /// <summary>The node is as desired, or the long-running installer was asked to stop.</summary>
    Success = 0,

    /// <summary>The node could not be brought to the desired state; the reason is printed.</summary>
    Failure = 1,

    /// <summary>The command line is wrong.</summary>
    Usage = 2,

    /// <summary>The configuration file is wrong or cannot be read; nothing was changed.</summary>
    InvalidConfiguration = 3,

    /// <summary>The node differs from the desired state (<c>plan</c>, <c>status</c>, <c>verify</c>).</summary>
    Different = 4,
}
