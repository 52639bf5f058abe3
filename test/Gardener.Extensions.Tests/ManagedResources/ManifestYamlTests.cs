// SPDX-License-Identifier: Apache-2.0

using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using CsCheck;
using Gardener.Extensions.ManagedResources;
using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace Gardener.Extensions.Tests.ManagedResources;

public sealed partial class ManifestYamlTests
{
    [Fact]
    public void Documents_are_separated_keys_sorted_and_nulls_left_out() =>
        Write("""{"kind":"B","apiVersion":"v1","spec":{"list":["a",{"c":2,"b":1}],"none":null,"some":{}}}""", """{"kind":"A"}""").Should().Be(
            """
            ---
            apiVersion: v1
            kind: B
            spec:
              list:
              - a
              - b: 1
                c: 2
              some: {}
            ---
            kind: A

            """);

    [Theory]
    [InlineData("true")]
    [InlineData("Yes")]
    [InlineData("n")]
    [InlineData("null")]
    [InlineData("~")]
    [InlineData("")]
    [InlineData("007")]
    [InlineData("-1")]
    [InlineData("+5")]
    [InlineData("1e3")]
    [InlineData(".inf")]
    [InlineData("0x1")]
    [InlineData("2026-01-01")]
    [InlineData("10%")]
    [InlineData("a: b")]
    [InlineData("a #b")]
    [InlineData("- a")]
    [InlineData(" a")]
    [InlineData("*a")]
    public void A_text_that_could_mean_something_else_is_quoted(string text) =>
        Write(JsonSerializer.Serialize(new Dictionary<string, string>(StringComparer.Ordinal) { ["key"] = text })).Should().Be($"---\nkey: \"{text}\"\n");

    [Fact]
    public void A_text_of_several_lines_stays_readable() =>
        Write("""{"a":"one:\n  two\n\nthree\n","b":"one\ntwo"}""").Should().Be("---\na: |\n  one:\n    two\n\n  three\nb: |-\n  one\n  two\n");

    [Fact]
    public void Numbers_are_decimal() => Write("""{"defaultMode":484}""").Should().Be("---\ndefaultMode: 484\n");

    [Fact]
    public void What_is_written_reads_back_as_the_same_JSON() => Documents().Sample(document =>
        JsonNode.DeepEquals(WithoutNulls(JsonNode.Parse(document.GetRawText())), Read(ManifestYaml.Write([document]))));

    [Fact]
    public void Equal_objects_give_equal_bytes_in_whatever_order_their_members_come() => Documents().Sample(document =>
        ManifestYaml.Write([document]) == ManifestYaml.Write([JsonDocument.Parse(Reversed(JsonNode.Parse(document.GetRawText()))!.ToJsonString()).RootElement]));

    private static string Write(params string[] documents) => ManifestYaml.Write(documents.Select(json => JsonDocument.Parse(json).RootElement));

    private static Gen<JsonElement> Documents()
    {
        var awkward = Gen.OneOf("", "true", "1", "a\nb", "a\nb\n", " a\nb", "a \nb", "a\n\n", "\n", "a: b\n- c", "---\na", "...", "é\nb", "\t", "a\n b\n", "#\n#", "%a\nb", "\u0085\u2028", "x\0");
        var text = Gen.OneOf(awkward, Gen.String, Gen.String[Gen.Char[" ab\n:-#'\"|>"], 0, 12]);
        var leaf = Gen.OneOf(
            text.Select(value => (JsonNode?)JsonValue.Create(value)),
            Gen.Long.Select(value => (JsonNode?)JsonValue.Create(value)),
            Gen.Bool.Select(value => (JsonNode?)JsonValue.Create(value)),
            Gen.Const((JsonNode?)null));
        Gen<JsonNode?> Level(Gen<JsonNode?> inner) => Gen.OneOf(
            leaf,
            inner.Array[0, 3].Select(items => (JsonNode?)new JsonArray([.. items.Select(item => item?.DeepClone())])),
            Gen.Dictionary(text, inner)[0, 3].Select(members => (JsonNode?)ToObject(members)));
        return Gen.Dictionary(text, Level(Level(Level(leaf))))[0, 4]
            .Select(members => JsonDocument.Parse(ToObject(members).ToJsonString()).RootElement);
    }

    private static JsonObject ToObject(IReadOnlyDictionary<string, JsonNode?> members) =>
        new(members.Select(member => KeyValuePair.Create(member.Key, member.Value?.DeepClone())));

    private static JsonNode? WithoutNulls(JsonNode? node) => node switch
    {
        JsonObject members => new JsonObject(members.Where(member => member.Value is not null).Select(member => KeyValuePair.Create(member.Key, WithoutNulls(member.Value)))),
        JsonArray items => new JsonArray([.. items.Select(WithoutNulls)]),
        null => null,
        _ => node.DeepClone(),
    };

    private static JsonNode? Reversed(JsonNode? node) => node switch
    {
        JsonObject members => new JsonObject(members.Reverse().Select(member => KeyValuePair.Create(member.Key, Reversed(member.Value)))),
        JsonArray items => new JsonArray([.. items.Select(Reversed)]),
        null => null,
        _ => node.DeepClone(),
    };

    private static JsonNode? Read(string yaml)
    {
        var stream = new YamlStream();
        stream.Load(new StringReader(yaml));
        return ToJson(stream.Documents.Should().ContainSingle().Subject.RootNode);
    }

    private static JsonNode? ToJson(YamlNode node) => node switch
    {
        YamlMappingNode mapping => new JsonObject(mapping.Children.Select(child => KeyValuePair.Create(((YamlScalarNode)child.Key).Value!, ToJson(child.Value)))),
        YamlSequenceNode sequence => new JsonArray([.. sequence.Children.Select(ToJson)]),
        YamlScalarNode { Style: not ScalarStyle.Plain } quoted => JsonValue.Create(quoted.Value),
        YamlScalarNode plain => PlainToJson(plain.Value!),
        _ => throw new InvalidOperationException($"{node.NodeType} is not expected."),
    };

    // The union of YAML 1.1 and 1.2: a plain text that either takes for something else must not come out as a text.
    private static JsonNode? PlainToJson(string text) => text switch
    {
        "null" => null,
        "true" => true,
        "false" => false,
        _ when long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number) => number,
        _ when HasSpecialMeaning().IsMatch(text) => throw new InvalidOperationException($"{text} is plain."),
        _ => text,
    };

    [GeneratedRegex(@"^(?:|~|[yYnN]|yes|no|on|off|[-+.]?[0-9].*|[-+]?\.(inf|nan))$", RegexOptions.IgnoreCase | RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex HasSpecialMeaning();
}
