// SPDX-License-Identifier: Apache-2.0

namespace RuntimeGVisor.NodeInstaller.Systemd;

/// <summary>A file that one program sees, read-only, under another file's path; nobody else does.</summary>
/// <param name="Source">The file with the content.</param>
/// <param name="Target">The path under which it is seen; there must be a file.</param>
internal sealed record FileOverlay(string Source, string Target);
