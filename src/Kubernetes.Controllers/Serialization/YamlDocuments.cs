// SPDX-License-Identifier: Apache-2.0

using System.Globalization;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace Kubernetes.Controllers.Serialization;

/// <summary>Reads YAML (and with it JSON) the way Kubernetes' own tools do: as another notation for JSON.</summary>
public static partial class YamlDocuments
{
    /// <summary>Levels of nesting up to which documents are read.</summary>
    public const int MaxDepth = 100;

    /// <summary>The documents of a stream; an empty document is null.</summary>
    /// <param name="text">YAML or JSON, several documents separated by <c>---</c>.</param>
    /// <exception cref="FormatException">The text is not YAML, or uses what JSON cannot express; the message tells the line.</exception>
    public static IReadOnlyList<JsonNode?> Read(string text) => [.. ReadLocated(text).Select(document => document.Value)];

    /// <summary>The documents of a stream, which tell where their fields stand; for messages to whoever wrote them.</summary>
    /// <param name="text">YAML or JSON, several documents separated by <c>---</c>.</param>
    /// <exception cref="FormatException">As for <see cref="Read"/>; a <see cref="YamlFormatException"/> wherever the place is known.</exception>
    public static IReadOnlyList<LocatedDocument> ReadLocated(string text)
    {
        var stream = new YamlStream();
        try
        {
            stream.Load(new StringReader(text));
            return [.. stream.Documents.Select(document => new LocatedDocument(document.RootNode, ToJson(document.RootNode, depth: 0)))];
        }
        catch (YamlException exception)
        {
            throw new YamlFormatException(exception.Start.Line, exception.Start.Column, exception.Message, exception);
        }
        catch (Exception exception) when (exception is InvalidOperationException or ArgumentException)
        {
            // The parser's answer to texts that its authors did not foresee.
            throw new FormatException($"not readable as YAML: {exception.Message}", exception);
        }
    }

    private static JsonNode? ToJson(YamlNode node, int depth) => node switch
    {
        // A node can contain itself, by an alias.
        _ when depth > MaxDepth => throw new YamlFormatException(node.Start.Line, node.Start.Column, $"nested deeper than {MaxDepth} levels"),
        YamlMappingNode mapping => ToJson(mapping, depth),
        YamlSequenceNode sequence => new JsonArray([.. sequence.Children.Select(child => ToJson(child, depth + 1))]),
        YamlScalarNode scalar => ToJson(scalar),
        _ => throw new YamlFormatException(node.Start.Line, node.Start.Column, "this kind of YAML has no counterpart in JSON"),
    };

    private static JsonObject ToJson(YamlMappingNode mapping, int depth)
    {
        var value = new JsonObject();
        foreach (var (key, child) in mapping.Children)
        {
            if (key is not YamlScalarNode { Value: { } name })
            {
                throw new YamlFormatException(key.Start.Line, key.Start.Column, "a key must be a text");
            }

            // Read as a field, it would hide from a check what kubectl applies.
            if (name == "<<" && key is YamlScalarNode { Style: ScalarStyle.Plain })
            {
                throw new YamlFormatException(key.Start.Line, key.Start.Column, "merge keys are not read: write the fields out");
            }

            value[name] = ToJson(child, depth + 1);
        }

        return value;
    }

    /// <summary>Plain scalars by YAML 1.1, as Kubernetes reads them: a forgotten pair of quotes around <c>yes</c> must show.</summary>
    private static JsonValue? ToJson(YamlScalarNode scalar)
    {
        var text = scalar.Value ?? "";
        if (scalar.Style is not (ScalarStyle.Plain or ScalarStyle.Any))
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
            _ when Number().IsMatch(text) && double.Parse(text, CultureInfo.InvariantCulture) is var number && double.IsFinite(number) =>
                JsonValue.Create(number),
            _ => JsonValue.Create(text),
        };
    }

    [GeneratedRegex("^[-+]?[0-9]+$", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Integer();

    [GeneratedRegex(@"^[-+]?([0-9]+\.[0-9]*|\.[0-9]+|[0-9]+(?=[eE]))([eE][-+]?[0-9]+)?$", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Number();
}
