// SPDX-License-Identifier: Apache-2.0

using System.Text.Json;
using System.Text.Json.Serialization;
using k8s.Models;

namespace Kubernetes.Controllers.Serialization;

/// <summary>Skips <c>metadata.managedFields</c>, often the largest part of a small object, and never writes it.</summary>
public sealed class ManagedFieldsConverter : JsonConverter<IList<V1ManagedFieldsEntry>?>
{
    /// <inheritdoc/>
    public override bool HandleNull => true;

    /// <inheritdoc/>
    public override IList<V1ManagedFieldsEntry>? Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        reader.Skip();
        return null;
    }

    /// <inheritdoc/>
    public override void Write(Utf8JsonWriter writer, IList<V1ManagedFieldsEntry>? value, JsonSerializerOptions options) => writer.WriteNullValue();
}
