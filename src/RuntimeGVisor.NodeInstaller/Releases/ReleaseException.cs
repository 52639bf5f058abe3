// SPDX-License-Identifier: Apache-2.0

namespace RuntimeGVisor.NodeInstaller.Releases;

/// <summary>A gVisor release is not fit to be put on a node, or the node's directory is not fit to take it.</summary>
internal sealed class ReleaseException(string message) : Exception(message);
