// SPDX-License-Identifier: Apache-2.0

using System.Buffers;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Kubernetes.Controllers.Serialization;

namespace Kubernetes.Controllers.Client;

/// <summary>Decodes one object, or says which one could not be decoded and why.</summary>
internal static class ObjectDecoder
{
    public static ListItem<T> Decode<T>(in ReadOnlySequence<byte> json, JsonTypeInfo<T> typeInfo)
        where T : class
    {
        try
        {
            var reader = new Utf8JsonReader(json);
            return JsonSerializer.Deserialize(ref reader, typeInfo) is { } value
                ? new ListItem<T>(value, null)
                : new ListItem<T>(null, new DecodeFailure(null, null, "null is no object"));
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException or FormatException)
        {
            return new ListItem<T>(null, Explain(json, exception));
        }
    }

    private static DecodeFailure Explain(in ReadOnlySequence<byte> json, Exception exception)
    {
        // The message of a JsonException can quote the value; its path cannot.
        var reason = exception is JsonException { Path: { } path } ? $"does not fit the type at {path}" : "does not fit the type";
        try
        {
            var reader = new Utf8JsonReader(json);
            var metadata = JsonSerializer.Deserialize(ref reader, KubernetesJsonContext.Default.ObjectHead)?.Metadata;
            var key = metadata?.Name is { } name ? new ObjectKey(metadata.Namespace ?? "", name) : (ObjectKey?)null;
            return new DecodeFailure(key, metadata?.ResourceVersion, reason);
        }
        catch (JsonException)
        {
            return new DecodeFailure(null, null, reason);
        }
    }
}
