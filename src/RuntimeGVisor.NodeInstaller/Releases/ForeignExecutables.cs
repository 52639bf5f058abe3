// SPDX-License-Identifier: Apache-2.0

namespace RuntimeGVisor.NodeInstaller.Releases;

/// <summary>gVisor as another installer put it into the binary directory.</summary>
/// <param name="RunscPath">Its runsc, which its sandboxes find by its name.</param>
/// <param name="ShimPath">Its shim.</param>
internal sealed record ForeignExecutables(string RunscPath, string ShimPath);
