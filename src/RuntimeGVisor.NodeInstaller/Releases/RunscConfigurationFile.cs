// SPDX-License-Identifier: Apache-2.0

using System.Text;
using RuntimeGVisor.NodeConfiguration;
using RuntimeGVisor.NodeInstaller.Containerd.Configuration;

namespace RuntimeGVisor.NodeInstaller.Releases;

/// <summary>
/// The file that the shim reads each time it creates a container: which runsc to run and with which flags. The shim takes values as text
/// only, so every one is quoted; a bare number would make every pod of the node fail.
/// </summary>
internal static class RunscConfigurationFile
{
    private const string Header = "# Written by gvisor-node-installer, which puts changes back.";

    /// <summary>The flag that the installer itself sets.</summary>
    public const string SystemdCgroupFlag = "systemd-cgroup";

    /// <summary>The flags as they apply to a node.</summary>
    /// <param name="configured">The flags of the configuration.</param>
    /// <param name="runcUsesSystemdCgroup">Whether runc puts containers below systemd's slices; runsc does as runc does.</param>
    public static IReadOnlyList<RunscFlagValue> FlagsFor(IReadOnlyList<RunscFlagValue> configured, bool runcUsesSystemdCgroup) =>
        runcUsesSystemdCgroup ? [.. configured, new(SystemdCgroupFlag, "true")] : configured;

    /// <summary>The file's text; equal input gives equal bytes.</summary>
    /// <param name="runsc">Path of runsc, in the directory of its release: a container keeps the one that it was created with.</param>
    /// <param name="flags">The flags in their order.</param>
    public static string Render(string runsc, IReadOnlyList<RunscFlagValue> flags)
    {
        var text = new StringBuilder();
        text.Append($"{Header}\nbinary_name = \"{runsc}\"\n\n[runsc_config]\n");
        foreach (var flag in flags)
        {
            text.Append($"  {flag}\n");
        }

        return text.ToString();
    }

    /// <summary>Path of runsc in a file's text; null when there is none.</summary>
    public static string? FindRunsc(string? text)
    {
        try
        {
            return text is null ? null : TomlDocument.Parse(text).Root.FindString("binary_name");
        }
        catch (FormatException)
        {
            return null;
        }
    }

    /// <summary>Whether a file's text was written by this program.</summary>
    public static bool IsOurs(string text) => text.StartsWith(Header, StringComparison.Ordinal);
}
