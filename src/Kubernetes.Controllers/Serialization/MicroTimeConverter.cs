// SPDX-License-Identifier: Apache-2.0

using System.Text.Json;
using System.Text.Json.Serialization;

namespace Kubernetes.Controllers.Serialization;

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
