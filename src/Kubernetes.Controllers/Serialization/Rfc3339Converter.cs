// SPDX-License-Identifier: Apache-2.0

using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Kubernetes.Controllers.Serialization;

/// <summary>Kubernetes' <c>Time</c>: UTC, written in whole seconds, read with or without a fraction and in any offset.</summary>
public sealed class Rfc3339Converter : JsonConverter<DateTime>
{
    /// <inheritdoc/>
    public override DateTime Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) => Timestamps.Read(ref reader);

    /// <inheritdoc/>
    public override void Write(Utf8JsonWriter writer, DateTime value, JsonSerializerOptions options) =>
        Timestamps.Write(writer, value, "yyyy-MM-dd'T'HH:mm:ss'Z'");
}

/// <summary>
/// Kubernetes' <c>MicroTime</c>: UTC with exactly six fractional digits. The API server rejects a Lease whose times have none.
/// </summary>
public sealed class MicroTimeConverter : JsonConverter<DateTime>
{
    /// <inheritdoc/>
    public override DateTime Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) => Timestamps.Read(ref reader);

    /// <inheritdoc/>
    public override void Write(Utf8JsonWriter writer, DateTime value, JsonSerializerOptions options) =>
        Timestamps.Write(writer, value, MicroTime.Format);
}

/// <summary>Text form of Kubernetes' <c>MicroTime</c>, for patches.</summary>
public static class MicroTime
{
    internal const string Format = "yyyy-MM-dd'T'HH:mm:ss'.'ffffff'Z'";

    /// <summary><paramref name="value"/> in UTC with exactly six fractional digits.</summary>
    public static string ToText(DateTimeOffset value) => value.UtcDateTime.ToString(Format, CultureInfo.InvariantCulture);
}

file static class Timestamps
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
