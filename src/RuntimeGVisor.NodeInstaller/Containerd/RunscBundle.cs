// SPDX-License-Identifier: Apache-2.0

namespace RuntimeGVisor.NodeInstaller.Containerd;

/// <summary>
/// The directory of a container that gVisor's shim runs, or may run, as long as containerd has it: from the start of its creation, before any
/// list shows it, until it was deleted.
/// </summary>
/// <param name="Namespace">containerd's namespace; of pods <c>k8s.io</c>.</param>
/// <param name="Id">containerd's identifier of the container.</param>
/// <param name="RunscPath">
/// The runsc that made the container and must be there to end it, as the shim recorded it: a path, or a name that is looked up on containerd's
/// PATH. null when that is not known, or not yet: it may be any.
/// </param>
/// <param name="ShimPath">The shim's program, which containerd needs after its next start; null when that is not known: it may be any.</param>
/// <param name="IsVerification">Whether it is a sandbox of the installer's own, which is no use of gVisor by anybody.</param>
internal sealed record RunscBundle(string Namespace, string Id, string? RunscPath, string? ShimPath, bool IsVerification);
