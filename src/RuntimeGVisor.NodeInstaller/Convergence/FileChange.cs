// SPDX-License-Identifier: Apache-2.0

namespace RuntimeGVisor.NodeInstaller.Convergence;

/// <summary>A file's text before and after.</summary>
/// <param name="Path">The file.</param>
/// <param name="Before">Its text; null when it does not exist.</param>
/// <param name="After">The text that it gets.</param>
internal sealed record FileChange(string Path, string? Before, string After)
{
    public bool IsNeeded => Before != After;
}
