// SPDX-License-Identifier: Apache-2.0

using System.Globalization;
using System.Security.Cryptography;

namespace EndToEnd.Tests;

/// <summary>What a node's file system holds beside the machine's own: every file with its mode and content.</summary>
internal sealed record NodeSnapshot(IReadOnlyDictionary<string, string> Files)
{
    /// <summary>What changes on any node by itself: logs, temporary files, systemd's and the pod network's records.</summary>
    private static readonly string[] Restless =
    [
        "var/log", "var/tmp", "tmp", "run", "root", "var/lib/systemd", "var/lib/cni", "etc/machine-id", "etc/mtab", "etc/resolv.conf", "var/lib/private",
        "var/cache", "var/lib/dbus", "usr/libexec/kubernetes", "opt/cni",
    ];

    /// <param name="changes">The upper layer of the node's file system.</param>
    public static NodeSnapshot Take(string changes) => new(
        Directory.EnumerateFileSystemEntries(changes, "*", new EnumerationOptions { RecurseSubdirectories = true, AttributesToSkip = FileAttributes.None })
            .Select(path => (Path: path, Name: Path.GetRelativePath(changes, path)))
            .Where(file => !Restless.Any(place => file.Name == place || file.Name.StartsWith($"{place}/", StringComparison.Ordinal)))
            .ToDictionary(file => file.Name, file => Describe(file.Path), StringComparer.Ordinal));

    /// <summary>The files that differ, for people.</summary>
    public IEnumerable<string> DifferencesTo(NodeSnapshot later) =>
        from name in Files.Keys.Union(later.Files.Keys, StringComparer.Ordinal).Order(StringComparer.Ordinal)
        let before = Files.GetValueOrDefault(name)
        let after = later.Files.GetValueOrDefault(name)
        where before != after
        select (before, after) switch
        {
            (null, _) => $"added: /{name}",
            (_, null) => $"removed: /{name}",
            _ => $"changed: /{name}",
        };

    private static string Describe(string path)
    {
        var file = new FileInfo(path);
        var content = file switch
        {
            { LinkTarget: { } target } => target,
            _ when file.Attributes.HasFlag(FileAttributes.Directory) => "directory",
            { Length: > 0 } => Checksum(path),
            // Empty, or no file of this kind has a content: sockets, devices.
            _ => "empty",
        };
        return string.Create(CultureInfo.InvariantCulture, $"{file.UnixFileMode} {content}");
    }

    private static string Checksum(string path)
    {
        using var stream = File.OpenRead(path);
        return Convert.ToHexStringLower(SHA256.HashData(stream));
    }
}
