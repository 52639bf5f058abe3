// SPDX-License-Identifier: Apache-2.0

namespace RuntimeGVisor.NodeInstaller.Convergence;

/// <summary>An installation that a sandbox has verified.</summary>
/// <param name="Version">gVisor's version.</param>
/// <param name="Handler">containerd's handler.</param>
/// <param name="ConfigPath">runsc's configuration; its name stands for the release and its flags.</param>
/// <param name="ContainerdInvocation">The run of containerd in which it was verified; empty for one that was taken over.</param>
internal sealed record VerifiedInstallation(string Version, string Handler, string ConfigPath, string ContainerdInvocation);
