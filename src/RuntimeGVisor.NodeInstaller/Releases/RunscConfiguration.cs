// SPDX-License-Identifier: Apache-2.0

using RuntimeGVisor.NodeConfiguration;
using RuntimeGVisor.NodeInstaller.Containerd.Configuration;
using RuntimeGVisor.NodeInstaller.Files;

namespace RuntimeGVisor.NodeInstaller.Releases;

/// <summary>
/// The file that the shim reads each time it creates a container: which runsc to run and with which flags. A sandbox keeps the path that it
/// was created with, so the file is never rewritten: its name stands for its content, and it lies in the directory of its release.
/// </summary>
/// <param name="Path">The file.</param>
/// <param name="Text">Its content.</param>
internal sealed record RunscConfiguration(string Path, string Text)
{
    /// <summary>The flag that the installer itself sets.</summary>
    public const string SystemdCgroupFlag = "systemd-cgroup";

    /// <summary>First line of every file that this program writes.</summary>
    public const string Header = "# Written by gvisor-node-installer; never changed.";

    /// <summary>How the first line of files began that earlier releases of this program wrote beside containerd's configuration.</summary>
    public const string OldHeader = "# Written by gvisor-node-installer";

    private const string Prefix = "runsc-";
    private const string Extension = ".toml";
    private const int DigestDigits = 12;

    /// <summary>Pattern of the files' names in the directory of a release.</summary>
    public const string FilePattern = $"{Prefix}*{Extension}";

    /// <summary>The flags as they apply to a node.</summary>
    /// <param name="configured">The flags of the configuration.</param>
    /// <param name="systemdCgroup">Whether the node's default runtime puts containers below systemd's slices; runsc does as it does.</param>
    public static IReadOnlyList<RunscFlagValue> FlagsFor(IReadOnlyList<RunscFlagValue> configured, bool systemdCgroup) =>
        systemdCgroup ? [.. configured, new(SystemdCgroupFlag, "true")] : configured;

    /// <summary>The configuration of a release with flags; equal input gives equal bytes and the same name.</summary>
    /// <param name="releaseDirectory">Directory of the release on the node.</param>
    /// <param name="flags">The flags in their order.</param>
    public static RunscConfiguration For(string releaseDirectory, IReadOnlyList<RunscFlagValue> flags)
    {
        // The shim takes values as text only: a bare number would make every pod of the node fail.
        var lines = flags.Select(flag => $"  {flag}\n");
        return Named(releaseDirectory, $"{BinaryName(releaseDirectory)}\n[runsc_config]\n{string.Concat(lines)}");
    }

    /// <summary>The configuration of an installation that was taken over: what it had, and the runsc that it found by its name.</summary>
    /// <param name="releaseDirectory">Directory to which its executables were copied.</param>
    /// <param name="text">Its own configuration; empty when it had none.</param>
    public static RunscConfiguration Adopt(string releaseDirectory, string text) =>
        Named(releaseDirectory, $"{BinaryName(releaseDirectory)}{text}");

    /// <summary>The runsc that a configuration names; null when its sandboxes find runsc by its name on PATH, or when it cannot be read.</summary>
    public static string? FindRunsc(string path)
    {
        try
        {
            return TomlDocument.Parse(File.ReadAllText(path)).Root.FindString("binary_name");
        }
        catch (Exception exception) when (exception is FormatException or IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    private static string BinaryName(string releaseDirectory) => $"{Header}\nbinary_name = \"{System.IO.Path.Join(releaseDirectory, Release.Runsc)}\"\n";

    private static RunscConfiguration Named(string releaseDirectory, string text)
    {
        var digest = Checksum.Sha256(text)[..DigestDigits];
        return new(System.IO.Path.Join(releaseDirectory, $"{Prefix}{digest}{Extension}"), text);
    }
}
