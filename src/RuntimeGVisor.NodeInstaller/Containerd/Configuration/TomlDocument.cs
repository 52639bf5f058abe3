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
}
