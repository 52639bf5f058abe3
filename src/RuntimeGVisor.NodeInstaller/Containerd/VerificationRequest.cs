// SPDX-License-Identifier: Apache-2.0

namespace RuntimeGVisor.NodeInstaller.Containerd;

/// <summary>What a verification shall find, and what it needs on the node.</summary>
internal sealed record VerificationRequest
{
    /// <summary>The handler that the CRI must serve.</summary>
    public required string Handler { get; init; }

    /// <summary>runsc's configuration file: that of the handler, and of the sandbox that is started.</summary>
    public required string ConfigPath { get; init; }

    /// <summary>Whether the node's containers lie below systemd's slices, which decides the form of the sandbox's cgroup path.</summary>
    public required bool SystemdCgroup { get; init; }

    /// <summary>Names and values of runsc's flags that must be on its command line.</summary>
    public required IReadOnlyDictionary<string, string> Flags { get; init; }

    /// <summary>The runsc that must run; null when any will do.</summary>
    public string? RunscPath { get; init; }

    /// <summary>The copy of this program on the node, which runs in the sandbox.</summary>
    public required string Program { get; init; }

    /// <summary>A directory on the node that is the verification's alone. It is made, and removed at the end.</summary>
    public required string Directory { get; init; }
}
