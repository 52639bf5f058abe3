// SPDX-License-Identifier: Apache-2.0

using System.Globalization;
using System.IO.Compression;
using System.Text;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace ResourceManager;

/// <summary>Objects in a stream of YAML or JSON documents, as the data of a ManagedResource's secret holds them (Gardener contract 4.7).</summary>
internal static partial class Manifests
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
            catch (Exception exception) when (exception is YamlException or FormatException or InvalidDataException)
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

    private static IEnumerable<JsonObject> Decode(string text)
    {
        var stream = new YamlStream();
        stream.Load(new StringReader(text));
        foreach (var document in stream.Documents)
        {
            switch (ToJson(document.RootNode))
            {
                case null:
                    break;
                case JsonObject value:
                    yield return Checked(value);
                    break;
                default:
                    throw new FormatException($"a document is no object, line {document.RootNode.Start.Line}");
            }
        }
    }

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

    private static JsonNode? ToJson(YamlNode node) => node switch
    {
        YamlMappingNode mapping => new JsonObject(
            mapping.Children.Select(child => KeyValuePair.Create(((YamlScalarNode)child.Key).Value ?? "", ToJson(child.Value)))),
        YamlSequenceNode sequence => new JsonArray([.. sequence.Children.Select(ToJson)]),
        YamlScalarNode scalar => ToJson(scalar),
        _ => throw new FormatException($"unsupported YAML in line {node.Start.Line}"),
    };

    /// <summary>Plain scalars as Kubernetes reads them, YAML 1.1: a forgotten pair of quotes around <c>yes</c> must show.</summary>
    private static JsonValue? ToJson(YamlScalarNode scalar)
    {
        var text = scalar.Value ?? "";
        if (scalar.Style != ScalarStyle.Plain)
        {
            return JsonValue.Create(text);
        }

        return text switch
        {
            "" or "~" or "null" or "Null" or "NULL" => null,
            "true" or "True" or "TRUE" or "yes" or "Yes" or "YES" or "on" or "On" or "ON" => JsonValue.Create(true),
            "false" or "False" or "FALSE" or "no" or "No" or "NO" or "off" or "Off" or "OFF" => JsonValue.Create(false),
            _ when Integer().IsMatch(text) && long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var integer) =>
                JsonValue.Create(integer),
            _ when Number().IsMatch(text) => JsonValue.Create(double.Parse(text, CultureInfo.InvariantCulture)),
            _ => JsonValue.Create(text),
        };
    }

    [GeneratedRegex("^[-+]?[0-9]+$", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex Integer();

    [GeneratedRegex("^[-+]?([0-9]+\\.[0-9]*|\\.[0-9]+|[0-9]+(?=[eE]))([eE][-+]?[0-9]+)?$", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Number();
}
