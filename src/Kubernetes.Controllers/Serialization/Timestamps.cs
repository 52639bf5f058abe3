// SPDX-License-Identifier: Apache-2.0

using System.Globalization;
using System.Text.Json;

namespace Kubernetes.Controllers.Serialization;

/// <summary>How the converters read and write times.</summary>
internal static class Timestamps
{
    public static DateTime Read(ref Utf8JsonReader reader)
    {
        if (reader.TokenType == JsonTokenType.String && reader.TryGetDateTimeOffset(out var value))
        {
            return value.UtcDateTime;
        }

        throw new JsonException("A timestamp is a string like 2006-01-02T15:04:05Z.");
    }

    public static void Write(Utf8JsonWriter writer, DateTime value, string format)
    {
        Span<char> text = stackalloc char[32];
        var utc = value.Kind == DateTimeKind.Local ? value.ToUniversalTime() : value;
        _ = utc.TryFormat(text, out var length, format, CultureInfo.InvariantCulture);
        writer.WriteStringValue(text[..length]);
    }
}
