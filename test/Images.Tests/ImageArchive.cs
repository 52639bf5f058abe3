// SPDX-License-Identifier: Apache-2.0

using System.Formats.Tar;
using System.IO.Compression;
using System.Security.Cryptography;
using System.Text.Json;

namespace Images.Tests;

/// <summary>An OCI archive, read as the image specification says: every blob must be what its name says.</summary>
internal sealed class ImageArchive
{
    private readonly Dictionary<string, byte[]> _files = new(StringComparer.Ordinal);

    public ImageArchive(string path)
    {
        using var reader = new TarReader(File.OpenRead(path));
        while (reader.GetNextEntry() is { } entry)
        {
            using var content = new MemoryStream();
            entry.DataStream?.CopyTo(content);
            _files.Add(entry.Name, content.ToArray());
        }

        Json(_files["oci-layout"]).GetProperty("imageLayoutVersion").GetString().Should().Be("1.0.0");
        Index = Json(_files["index.json"]);
        foreach (var (name, content) in _files.Where(file => file.Key.StartsWith("blobs/", StringComparison.Ordinal)))
        {
            $"blobs/sha256/{Convert.ToHexStringLower(SHA256.HashData(content))}".Should().Be(name);
        }
    }

    /// <summary>What the archive offers: one image or one index.</summary>
    public JsonElement Index { get; }

    /// <summary>The one thing that the archive offers.</summary>
    public JsonElement Content => Index.GetProperty("manifests").EnumerateArray().Single();

    public int BlobCount => _files.Count - 2;

    /// <summary>What a descriptor points to, whose size must be right.</summary>
    public byte[] Blob(JsonElement descriptor)
    {
        var content = _files[$"blobs/{descriptor.GetProperty("digest").GetString()!.Replace(':', '/')}"];
        descriptor.GetProperty("size").GetInt32().Should().Be(content.Length);
        return content;
    }

    public JsonElement JsonBlob(JsonElement descriptor) => Json(Blob(descriptor));

    /// <summary>The image that a descriptor points to.</summary>
    public Image Image(JsonElement descriptor)
    {
        var manifest = JsonBlob(descriptor);
        var configuration = JsonBlob(manifest.GetProperty("config"));
        var layers = manifest.GetProperty("layers").EnumerateArray().Select(layer => Unpacked(Blob(layer))).ToArray();
        configuration.GetProperty("rootfs").GetProperty("diff_ids").EnumerateArray().Select(digest => digest.GetString())
            .Should().Equal(layers.Select(layer => $"sha256:{Convert.ToHexStringLower(SHA256.HashData(layer))}"));
        return new(manifest, configuration, layers);
    }

    private static JsonElement Json(byte[] content)
    {
        using var document = JsonDocument.Parse(content);
        return document.RootElement.Clone();
    }

    private static byte[] Unpacked(byte[] layer)
    {
        using var content = new MemoryStream();
        using (var gzip = new GZipStream(new MemoryStream(layer), CompressionMode.Decompress))
        {
            gzip.CopyTo(content);
        }

        return content.ToArray();
    }
}

/// <summary>An image.</summary>
/// <param name="Manifest">Its manifest.</param>
/// <param name="Configuration">Its configuration.</param>
/// <param name="LayerArchives">Its layers, unpacked to archives.</param>
internal sealed record Image(JsonElement Manifest, JsonElement Configuration, IReadOnlyList<byte[]> LayerArchives)
{
    /// <summary>What is in each layer.</summary>
    public IReadOnlyList<IReadOnlyList<TarEntry>> Layers { get; } = [.. LayerArchives.Select(Entries)];

    public IEnumerable<TarEntry> Files => Layers.SelectMany(layer => layer).Where(entry => entry.EntryType != TarEntryType.Directory);

    /// <summary>Lays the image out as a container would see it.</summary>
    public void Extract(string directory)
    {
        foreach (var layer in LayerArchives)
        {
            TarFile.ExtractToDirectory(new MemoryStream(layer), directory, overwriteFiles: true);
        }
    }

    private static IReadOnlyList<TarEntry> Entries(byte[] layer)
    {
        using var reader = new TarReader(new MemoryStream(layer));
        var entries = new List<TarEntry>();
        while (reader.GetNextEntry(copyData: true) is { } entry)
        {
            entries.Add(entry);
        }

        return entries;
    }
}
