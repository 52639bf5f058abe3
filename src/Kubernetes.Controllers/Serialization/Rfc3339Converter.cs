// SPDX-License-Identifier: Apache-2.0

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
