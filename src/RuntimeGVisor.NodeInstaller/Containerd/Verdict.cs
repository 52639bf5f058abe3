// SPDX-License-Identifier: Apache-2.0

namespace RuntimeGVisor.NodeInstaller.Containerd;

/// <summary>What a verification says of a handler.</summary>
internal enum Verdict
{
    /// <summary>A sandbox started, its kernel is gVisor's, and the flags arrived.</summary>
    Passed,

    /// <summary>The release, its configuration or the node's kernel is at fault: the same happens again.</summary>
    Failed,

    /// <summary>It was not found out: something took too long, went away, or ran out. It says nothing of the release; try again.</summary>
    Inconclusive,
}
