// SPDX-License-Identifier: Apache-2.0

using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;

namespace RuntimeGVisor.NodeConfiguration;

/// <summary>One thing that is wrong with a configuration: where, what was found, and what is allowed.</summary>
/// <param name="Field">Path of the field, such as <c>runscFlags[2].value</c>; empty for the document as a whole.</param>
/// <param name="Value">The value as found; null when there is none.</param>
/// <param name="Allowed">What is allowed there, as the end of a sentence.</param>
public sealed record ConfigurationError(string Field, string? Value, string Allowed)
{
    private const int MaxShownLength = 128;

    /// <summary>
    /// Whether the value is shown in quotes, as text. Default true. JSON is shown as it was written instead, so that <c>true</c> and
    /// <c>"true"</c> look different.
    /// </summary>
    public bool IsQuoted { get; init; } = true;

    /// <summary>An error about a JSON value, which may have the wrong type.</summary>
    /// <param name="field">Path of the field.</param>
    /// <param name="value">The value as found.</param>
    /// <param name="allowed">What is allowed there, as the end of a sentence.</param>
    public static ConfigurationError OfJson(string field, JsonElement value, string allowed) =>
        new(field, Encoding.UTF8.GetString(JsonMarshal.GetRawUtf8Value(value)), allowed) { IsQuoted = false };

    /// <summary>The value and what is allowed, without the field, as one printable line.</summary>
    public string Reason => Value is null ? Allowed : $"{(IsQuoted ? Quote(Value) : Show(Value, ""))} is not allowed: {Allowed}";

    /// <summary>The error as one printable line, whatever characters the value has.</summary>
    public override string ToString() => $"{(Field.Length == 0 ? "the configuration" : Field)}: {Reason}";

    /// <summary>Shows a value of unknown origin in one line: shortened, control and non-ASCII characters escaped.</summary>
    /// <param name="value">The value.</param>
    public static string Quote(string value) => Show(value, "\"");

    private static string Show(string value, string quote)
    {
        var shown = new StringBuilder(quote);
        foreach (var character in value.AsSpan(0, Math.Min(value.Length, MaxShownLength)))
        {
            _ = character switch
            {
                '"' or '\\' when quote.Length > 0 => shown.Append('\\').Append(character),
                >= ' ' and <= '~' => shown.Append(character),
                _ => shown.Append($"\\u{(int)character:x4}"),
            };
        }

        shown.Append(quote);
        return value.Length > MaxShownLength ? shown.Append($" (the first of {value.Length} characters)").ToString() : shown.ToString();
    }
}
