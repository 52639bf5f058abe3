// SPDX-License-Identifier: Apache-2.0

using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using Kubernetes.Controllers.Serialization;

namespace ConfigurationPage;

/// <summary>One value of the chart.</summary>
/// <param name="Key">Where it is, with dots.</param>
/// <param name="Default">Its default as JSON; null if it has none.</param>
/// <param name="Allowed">What is allowed, in words.</param>
/// <param name="Description">What it means.</param>
internal sealed record ChartValue(string Key, string? Default, string Allowed, string Description)
{
    private static readonly JsonSerializerOptions Readable = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>The values that the schema describes, in its order.</summary>
    /// <exception cref="FormatException">A value has no description.</exception>
    public static IReadOnlyList<ChartValue> Read(string schema, string defaults)
    {
        var root = JsonNode.Parse(schema)!.AsObject();
        return [.. Read(root, root, YamlDocuments.Read(defaults)[0], "")];
    }

    /// <summary>What has a description is one value, whatever is in it; anything else only groups values.</summary>
    private static IEnumerable<ChartValue> Read(JsonObject root, JsonObject group, JsonNode? defaults, string prefix)
    {
        foreach (var (name, node) in group["properties"]!.AsObject())
        {
            var schema = node!.AsObject();
            var key = prefix + name;
            if ((string?)schema["description"] is { } description)
            {
                yield return new ChartValue(key, defaults?[name]?.ToJsonString(Readable), InWords(Resolve(root, schema)), description);
            }
            else if (schema["properties"] is not null)
            {
                foreach (var value in Read(root, schema, defaults?[name], $"{key}."))
                {
                    yield return value;
                }
            }
            else
            {
                throw new FormatException($"values.schema.json: '{key}' has no description.");
            }
        }
    }

    private static JsonObject Resolve(JsonObject root, JsonObject schema) =>
        (string?)schema["$ref"] is { } reference ? root["definitions"]![reference.Split('/')[^1]]!.AsObject() : schema;

    private static string InWords(JsonObject schema)
    {
        if (schema["enum"] is JsonArray words)
        {
            return string.Join(", ", words.Select(word => $"`{word}`"));
        }

        var types = schema["type"] is JsonArray several ? several.Select(type => (string)type!) : [(string)schema["type"]!];
        return string.Join(" or ", types.Where(type => type != "null").Select(type => type switch
        {
            "boolean" => "`true`, `false`",
            "integer" => string.Create(CultureInfo.InvariantCulture, $"{schema["minimum"]} to {schema["maximum"]}"),
            "string" => "text",
            "array" => schema["items"] is JsonObject items ? $"list of {InWords(items)}" : "list",
            _ => type,
        }));
    }
}
