// SPDX-License-Identifier: Apache-2.0

using System.Text.Json;
using System.Text.RegularExpressions;
using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace Gardener.Extensions.ManagedResources;

/// <summary>
/// Writes Kubernetes objects as a stream of YAML documents. Equal objects give equal bytes: keys are sorted, members that are null are left
/// out, and every text that some parser could take for a number, a date or a truth value is quoted.
/// </summary>
public static partial class ManifestYaml
{
    private static readonly EmitterSettings Settings = new EmitterSettings().WithBestWidth(int.MaxValue).WithNewLine("\n");

    private static readonly HashSet<string> WordsWithMeaning =
        new(["y", "yes", "n", "no", "on", "off", "true", "false", "null"], StringComparer.OrdinalIgnoreCase);

    /// <summary>Writes objects, each behind a line <c>---</c>.</summary>
    /// <param name="documents">The objects as JSON.</param>
    public static string Write(IEnumerable<JsonElement> documents)
    {
        using var text = new StringWriter { NewLine = "\n" };
        var emitter = new Emitter(text, Settings);
        emitter.Emit(new StreamStart());
        foreach (var document in documents)
        {
            emitter.Emit(new DocumentStart(null, null, isImplicit: false));
            WriteValue(emitter, document);
            emitter.Emit(new DocumentEnd(isImplicit: true));
        }

        emitter.Emit(new StreamEnd());
        return text.ToString();
    }

    private static void WriteValue(Emitter emitter, JsonElement value)
    {
        switch (value.ValueKind)
        {
            case JsonValueKind.Object:
                emitter.Emit(new MappingStart(AnchorName.Empty, TagName.Empty, isImplicit: true, MappingStyle.Block));
                foreach (var member in Members(value))
                {
                    WriteText(emitter, member.Name, inOneLine: true);
                    WriteValue(emitter, member.Value);
                }

                emitter.Emit(new MappingEnd());
                break;
            case JsonValueKind.Array:
                emitter.Emit(new SequenceStart(AnchorName.Empty, TagName.Empty, isImplicit: true, SequenceStyle.Block));
                foreach (var item in value.EnumerateArray())
                {
                    WriteValue(emitter, item);
                }

                emitter.Emit(new SequenceEnd());
                break;
            case JsonValueKind.String:
                WriteText(emitter, value.GetString()!, inOneLine: false);
                break;
            default:
                // Numbers, true, false and null are written alike in JSON and YAML.
                WriteScalar(emitter, value.GetRawText(), ScalarStyle.Plain);
                break;
        }
    }

    private static IOrderedEnumerable<JsonProperty> Members(JsonElement value) => value.EnumerateObject()
        .Where(member => member.Value.ValueKind != JsonValueKind.Null)
        .OrderBy(member => member.Name, StringComparer.Ordinal);

    private static void WriteText(Emitter emitter, string text, bool inOneLine) => WriteScalar(emitter, text, text switch
    {
        _ when HasNoOtherMeaning().IsMatch(text) && !WordsWithMeaning.Contains(text) => ScalarStyle.Plain,
        _ when !inOneLine && IsSimpleBlock(text) => ScalarStyle.Literal,
        _ => ScalarStyle.DoubleQuoted,
    });

    private static void WriteScalar(Emitter emitter, string text, ScalarStyle style) =>
        emitter.Emit(new Scalar(AnchorName.Empty, TagName.Empty, text, style, isPlainImplicit: true, isQuotedImplicit: true));

    // No number, date or special float of any YAML version begins with a letter or a slash.
    [GeneratedRegex(@"\A[A-Za-z/][A-Za-z0-9_./-]*\z", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex HasNoOtherMeaning();

    // Lines of printable ASCII without blanks at their end, the first one at the margin, with at most one line feed at the end.
    private static bool IsSimpleBlock(string text) =>
        text.Contains('\n', StringComparison.Ordinal)
        && text[0] is not (' ' or '\n')
        && !text.EndsWith("\n\n", StringComparison.Ordinal)
        && text.Split('\n').All(line => !line.EndsWith(' ') && line.All(character => character is >= ' ' and <= '~'));
}
