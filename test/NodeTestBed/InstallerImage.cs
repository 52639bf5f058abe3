// SPDX-License-Identifier: Apache-2.0

using System.Security.Cryptography;

namespace NodeTestBed;

/// <summary>The file system of the installer's image with one gVisor release, as the node sees it below /shared.</summary>
public sealed record InstallerImage(string NodeDirectory, string Directory)
{
    /// <summary>Lays out an image with the executable under test and the given files of a gVisor release.</summary>
    public static InstallerImage Create(TestNode node, string name, string version, IReadOnlyDictionary<string, string> releaseFiles)
    {
        var image = new InstallerImage($"/shared/images/{name}", Path.Combine(node.SharedDirectory, "images", name));
        var release = System.IO.Directory.CreateDirectory(Path.Combine(image.Directory, "gvisor")).FullName;
        File.Copy(Repository.InstallerExecutable, Path.Combine(image.Directory, "gvisor-node-installer"));
        File.WriteAllText(Path.Combine(release, "VERSION"), $"{version}\n");
        foreach (var (target, source) in releaseFiles)
        {
            var path = Path.Combine(release, target);
            System.IO.Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            File.Copy(source, path);
        }

        File.WriteAllLines(
            Path.Combine(release, "SHA512SUMS"),
            releaseFiles.Keys.Order(StringComparer.Ordinal).Select(file => $"{Checksum(Path.Combine(release, file))}  {file}"));
        return image;
    }

    private static string Checksum(string path)
    {
        using var stream = File.OpenRead(path);
        return Convert.ToHexStringLower(SHA512.HashData(stream));
    }
}
