// SPDX-License-Identifier: Apache-2.0

namespace RuntimeGVisor.NodeInstaller.Releases;

/// <summary>One file of a release.</summary>
/// <param name="Path">Its path inside the release.</param>
/// <param name="Sha512">Its checksum in lower-case hexadecimal digits.</param>
internal sealed record ReleaseFile(string Path, string Sha512);
