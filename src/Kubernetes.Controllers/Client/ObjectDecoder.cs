// SPDX-License-Identifier: Apache-2.0

using System.Buffers;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Kubernetes.Controllers.Serialization;

namespace Kubernetes.Controllers.Client;

/// <summary>Decodes one object, or says which one could not be decoded and why.</summary>
internal static class ObjectDecoder
{
    /// <param name="json">The object and nothing else.</param>
    /// <param name="typeInfo">Its type.</param>
    public static ListItem<T> Decode<T>(in ReadOnlySequence<byte> json, JsonTypeInfo<T> typeInfo)
        where T : class
    {
        if (json.IsSingleSegment)
        {
            return Decode(json.FirstSpan, typeInfo);
        }

        // The serializer reads bytes in one piece once, and everything else twice.
        var length = (int)json.Length;
        var copy = ArrayPool<byte>.Shared.Rent(length);
        try
        {
            json.CopyTo(copy);
            return Decode(copy.AsSpan(0, length), typeInfo);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(copy);
        }
    }

    private static ListItem<T> Decode<T>(ReadOnlySpan<byte> json, JsonTypeInfo<T> typeInfo)
        where T : class
    {
        try
        {
            return JsonSerializer.Deserialize(json, typeInfo) is { } value
                ? new ListItem<T>(value, null)
                : new ListItem<T>(null, new DecodeFailure(null, null, "null is no object"));
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException or FormatException)
        {
            return new ListItem<T>(null, Explain(json, exception));
        }
    }

    private static DecodeFailure Explain(ReadOnlySpan<byte> json, Exception exception)
    {
        // The message of a JsonException can quote the value; its path cannot.
        var reason = exception is JsonException { Path: { } path } ? $"does not fit the type at {path}" : "does not fit the type";
        try
        {
            var metadata = JsonSerializer.Deserialize(json, KubernetesJsonContext.Default.ObjectHead)?.Metadata;
            var key = metadata?.Name is { } name ? new ObjectKey(metadata.Namespace ?? "", name) : (ObjectKey?)null;
            return new DecodeFailure(key, metadata?.ResourceVersion, reason);
        }
        catch (JsonException)
        {
            return new DecodeFailure(null, null, reason);
        }
    }
}
