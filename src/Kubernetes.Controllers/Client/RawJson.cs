// SPDX-License-Identifier: Apache-2.0

using System.Text.Json;

namespace Kubernetes.Controllers.Client;

/// <summary>Finds single properties in a JSON object, whatever the others are and even if the object's end is missing.</summary>
internal static class RawJson
{
    /// <summary>The value of a property as it was written; empty if there is none. Of properties of the same name the last counts.</summary>
    /// <param name="json">The object.</param>
    /// <param name="name">The property's name in quotes.</param>
    public static ReadOnlySpan<byte> Find(ReadOnlySpan<byte> json, ReadOnlySpan<byte> name)
    {
        var rest = json is [(byte)'{', .. var properties] ? properties : default;
        var found = ReadOnlySpan<byte>.Empty;
        while (true)
        {
            var key = Next(ref rest);
            var value = Next(ref rest);
            if (value.IsEmpty)
            {
                return found;
            }

            found = key.SequenceEqual(name) ? value : found;
        }
    }

    /// <summary>A value that is a string; null if it is something else.</summary>
    public static string? Text(ReadOnlySpan<byte> value)
    {
        try
        {
            var reader = new Utf8JsonReader(value);
            return reader.Read() && reader.TokenType == JsonTokenType.String ? reader.GetString() : null;
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException)
        {
            return null;
        }
    }

    private static ReadOnlySpan<byte> Next(scoped ref ReadOnlySpan<byte> rest)
    {
        rest = rest.TrimStart(" \t\r\n,:"u8);
        if (rest is [] or [(byte)'}', ..])
        {
            return default;
        }

        var scanner = default(JsonValueScanner);
        var end = scanner.FindEnd(rest);
        var value = end < 0 ? rest : rest[..end];
        rest = rest[value.Length..];
        return value;
    }
}
