// SPDX-License-Identifier: Apache-2.0

using System.Text;
using Tomlyn.Parsing;
using Tomlyn.Syntax;

namespace RuntimeGVisor.NodeInstaller.Containerd.Configuration;

/// <summary>A TOML text with its syntax tree, which knows where in the text each thing stands, and the tables that it means.</summary>
internal sealed class TomlDocument
{
    private static readonly UTF8Encoding StrictUtf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    private TomlDocument(string text, DocumentSyntax syntax, TomlTable root) => (Text, Syntax, Root) = (text, syntax, root);

    /// <summary>The text, unchanged.</summary>
    public string Text { get; }

    /// <summary>The syntax tree over <see cref="Text"/>.</summary>
    public DocumentSyntax Syntax { get; }

    /// <summary>What the text means.</summary>
    public TomlTable Root { get; }

    /// <summary>How the text ends its lines.</summary>
    public string NewLine => Text.Contains("\r\n", StringComparison.Ordinal) ? "\r\n" : "\n";

    /// <summary>Parses the bytes of a file.</summary>
    /// <exception cref="FormatException">The bytes are no UTF-8 or the text is no TOML; the message names the place.</exception>
    public static TomlDocument Parse(ReadOnlySpan<byte> utf8)
    {
        try
        {
            return Parse(StrictUtf8.GetString(utf8));
        }
        catch (DecoderFallbackException exception)
        {
            throw new FormatException($"not UTF-8: byte {exception.Index}", exception);
        }
    }

    /// <summary>Parses a text.</summary>
    /// <exception cref="FormatException">The text is no TOML; the message names the place.</exception>
    public static TomlDocument Parse(string text)
    {
        DocumentSyntax syntax;
        try
        {
            syntax = SyntaxParser.Parse(text, sourceName: null, validate: true);
        }
        catch (Exception exception) when (exception is not OutOfMemoryException)
        {
            // The parser reports through Diagnostics; whatever it throws instead means the same to a caller.
            throw new FormatException($"not TOML: {exception.Message}", exception);
        }

        return syntax.HasErrors
            ? throw new FormatException($"not TOML: {string.Join("; ", syntax.Diagnostics.Take(3))}")
            : new(text, syntax, TomlTable.From(syntax));
    }

    /// <summary>The parts of a key, unquoted.</summary>
    public static IReadOnlyList<string> PathOf(KeySyntax key) =>
        [TextOf(key.Key!), .. key.DotKeys.Select(item => TextOf(item.Key!))];

    /// <summary>A table's name as it stands in its header; what needs no quotes has none.</summary>
    public static string HeaderOf(IEnumerable<string> path) => string.Join('.', path.Select(QuotedUnlessBare));

    /// <summary>A key as it is written.</summary>
    public static string QuotedUnlessBare(string key) => BareKeySyntax.IsBareKey(key) ? key : Quote(key);

    /// <summary>A string as it is written.</summary>
    public static string Quote(string value) =>
        $"\"{value.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal)}\"";

    /// <summary>Every value that is no table, with its path: those of inline tables and dotted keys as well, those in lists of tables not.</summary>
    public IEnumerable<(IReadOnlyList<string> Path, ValueSyntax Value)> Items() =>
        Syntax.Tables.OfType<TableSyntax>().SelectMany(table => Items(table.Items, PathOf(table.Name!))).Concat(Items(Syntax.KeyValues, []));

    private static IEnumerable<(IReadOnlyList<string> Path, ValueSyntax Value)> Items(IEnumerable<KeyValueSyntax> items, IReadOnlyList<string> table)
    {
        foreach (var item in items)
        {
            IReadOnlyList<string> path = [.. table, .. PathOf(item.Key!)];
            var values = item.Value is InlineTableSyntax inline ? Items(inline.Items.Select(inner => inner.KeyValue!), path) : [(path, item.Value!)];
            foreach (var value in values)
            {
                yield return value;
            }
        }
    }

    private static string TextOf(BareKeyOrStringValueSyntax key) => key switch
    {
        BareKeySyntax bare => bare.Key?.Text ?? "",
        StringValueSyntax quoted => quoted.Value ?? "",
        _ => throw new FormatException($"not TOML: a key of kind {key.Kind}"),
    };
}
