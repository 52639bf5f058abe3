// SPDX-License-Identifier: Apache-2.0

using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Gardener.Extensions.Api;

/// <summary>Kubernetes' <c>Time</c>: UTC in whole seconds, truncated and never rounded, so that it is not in the future.</summary>
/// <remarks>Public for the same reason as <see cref="TolerantEnumConverter{T}"/>.</remarks>
public sealed class WholeSecondsConverter : JsonConverter<DateTimeOffset>
{
    internal static string ToText(DateTimeOffset value) => value.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);

    /// <inheritdoc/>
    public override DateTimeOffset Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) => reader.GetDateTimeOffset();

    /// <inheritdoc/>
    public override void Write(Utf8JsonWriter writer, DateTimeOffset value, JsonSerializerOptions options) => writer.WriteStringValue(ToText(value));
}
