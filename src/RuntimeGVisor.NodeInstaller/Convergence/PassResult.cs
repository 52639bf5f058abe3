// SPDX-License-Identifier: Apache-2.0

namespace RuntimeGVisor.NodeInstaller.Convergence;

/// <summary>What one pass over the node did.</summary>
/// <param name="Version">gVisor's version that is now on the node; null when there is none.</param>
/// <param name="Drift">What others had changed since the installation was proven, as far as it was repaired.</param>
/// <param name="ChangedFiles">Whether files were changed.</param>
/// <param name="Restarted">Whether containerd was restarted.</param>
/// <param name="Proved">Whether a sandbox was started for proof.</param>
/// <param name="Remaining">Pods whose sandboxes keep an uninstalled release on the node.</param>
internal sealed record PassResult(
    string? Version, IReadOnlyList<Drift> Drift, bool ChangedFiles, bool Restarted, bool Proved, IReadOnlyList<string> Remaining);
