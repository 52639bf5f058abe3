// SPDX-License-Identifier: Apache-2.0

using System.IO.Compression;
using System.Text;
using System.Text.Json.Nodes;
using Kubernetes.Controllers.Serialization;

namespace ResourceManager;

/// <summary>
/// Objects in a stream of YAML or JSON documents, as the data of a ManagedResource's secret holds them (Gardener contract 1.4).
/// </summary>
internal static class Manifests
{
    /// <summary>The objects of all keys of a secret, in the order of the keys. What cannot be read becomes an error; the rest still counts.</summary>
    public static IReadOnlyList<JsonObject> Decode(IEnumerable<KeyValuePair<string, byte[]>> data, ICollection<string> errors)
    {
        var objects = new List<JsonObject>();
        foreach (var (key, value) in data.OrderBy(entry => entry.Key, StringComparer.Ordinal))
        {
            try
            {
                objects.AddRange(Decode(Text(key, value)));
            }
            catch (Exception exception) when (exception is FormatException or InvalidDataException)
            {
                errors.Add($"{key}: {exception.Message}");
            }
        }

        return objects;
    }

    private static string Text(string key, byte[] value)
    {
        if (!key.EndsWith(".br", StringComparison.Ordinal))
        {
            return new UTF8Encoding(false, true).GetString(value);
        }

        using var reader = new StreamReader(new BrotliStream(new MemoryStream(value), CompressionMode.Decompress));
        return reader.ReadToEnd();
    }

    private static IEnumerable<JsonObject> Decode(string text) =>
        YamlDocuments.Read(text).OfType<JsonNode>().Select(document =>
            document is JsonObject value ? Checked(value) : throw new FormatException("a document is no object"));

    private static JsonObject Checked(JsonObject value)
    {
        foreach (var path in (string[])["apiVersion", "kind"])
        {
            if (value[path] is not JsonValue)
            {
                throw new FormatException($"an object without {path}");
            }
        }

        return value["metadata"]?["name"] is JsonValue ? value : throw new FormatException($"a {value["kind"]} without metadata.name");
    }
}
