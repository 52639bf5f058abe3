// SPDX-License-Identifier: Apache-2.0

using System.Text.Json;
using System.Text.Json.Serialization;

namespace Gardener.Extensions.Api;

/// <summary>Enumerations by their names; a name that this version does not know reads as the default value.</summary>
/// <remarks>Public, because the generated JSON of a kind of one's own reads <see cref="ExtensionStatus"/> with it.</remarks>
/// <typeparam name="T">The enumeration.</typeparam>
public sealed class TolerantEnumConverter<T> : JsonConverter<T>
    where T : struct, Enum
{
    /// <inheritdoc/>
    public override T Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        if (reader.TokenType != JsonTokenType.String)
        {
            reader.Skip();
            return default;
        }

        // Parsing also takes numbers, lists and spaces; only the exact name counts.
        var name = reader.GetString();
        return Enum.TryParse<T>(name, ignoreCase: false, out var value) && value.ToString() == name ? value : default;
    }

    /// <inheritdoc/>
    public override void Write(Utf8JsonWriter writer, T value, JsonSerializerOptions options) => writer.WriteStringValue(value.ToString());
}
