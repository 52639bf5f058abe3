// SPDX-License-Identifier: Apache-2.0

using System.Buffers;
using System.IO.Pipelines;
using System.Net;
using System.Runtime.CompilerServices;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Kubernetes.Controllers.Serialization;
using k8s;
using k8s.Models;

namespace Kubernetes.Controllers.Client;

/// <summary>Decodes a watch: one JSON object per line. A line is decoded once, straight from the receive buffer.</summary>
internal static class WatchReader
{
    /// <exception cref="ApiException">The server sent an <c>ERROR</c> event.</exception>
    /// <exception cref="JsonException">A line is no watch event.</exception>
    public static async IAsyncEnumerable<WatchEvent<T>> ReadAsync<T>(
        PipeReader pipe, JsonTypeInfo<T> typeInfo, [EnumeratorCancellation] CancellationToken cancellationToken)
        where T : class, IKubernetesObject<V1ObjectMeta>
    {
        while (true)
        {
            var result = await pipe.ReadAsync(cancellationToken);
            var buffer = result.Buffer;
            while (buffer.PositionOf((byte)'\n') is { } end)
            {
                var line = buffer.Slice(0, end);
                if (!line.IsEmpty)
                {
                    yield return Parse(line, typeInfo);
                }

                buffer = buffer.Slice(buffer.GetPosition(1, end));
            }

            pipe.AdvanceTo(buffer.Start, buffer.End);
            if (result.IsCompleted)
            {
                // A last line without its end was cut off; the next watch reports it again.
                yield break;
            }
        }
    }

    private static WatchEvent<T> Parse<T>(in ReadOnlySequence<byte> line, JsonTypeInfo<T> typeInfo)
        where T : class, IKubernetesObject<V1ObjectMeta>
    {
        var reader = new Utf8JsonReader(line);
        string? type = null;
        ReadOnlySequence<byte>? value = null;
        _ = reader.Read();
        while ((type is null || value is null) && reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var isType = reader.ValueTextEquals("type"u8);
            var isObject = reader.ValueTextEquals("object"u8);
            _ = reader.Read();
            if (isType)
            {
                type = TypeName(ref reader);
            }
            else
            {
                var start = reader.TokenStartIndex;
                reader.Skip();
                value = isObject ? line.Slice(start, reader.BytesConsumed - start) : value;
            }
        }

        return type is not null && value is { } json
            ? Decode(type, json, typeInfo)
            : throw new JsonException("A line of the watch has no 'type' and 'object'.");
    }

    private static string? TypeName(ref Utf8JsonReader reader) =>
        reader.ValueTextEquals("MODIFIED"u8) ? "MODIFIED"
        : reader.ValueTextEquals("ADDED"u8) ? "ADDED"
        : reader.ValueTextEquals("DELETED"u8) ? "DELETED"
        : reader.ValueTextEquals("BOOKMARK"u8) ? "BOOKMARK"
        : reader.GetString();

    private static WatchEvent<T> Decode<T>(string type, in ReadOnlySequence<byte> json, JsonTypeInfo<T> typeInfo)
        where T : class, IKubernetesObject<V1ObjectMeta>
    {
        var reader = new Utf8JsonReader(json);
        switch (type)
        {
            case "ADDED":
                return OfObject(WatchEventType.Added, ObjectDecoder.Decode(json, typeInfo));
            case "MODIFIED":
                return OfObject(WatchEventType.Modified, ObjectDecoder.Decode(json, typeInfo));
            case "DELETED":
                return OfObject(WatchEventType.Deleted, ObjectDecoder.Decode(json, typeInfo));
            case "BOOKMARK":
                var bookmark = JsonSerializer.Deserialize(ref reader, KubernetesJsonContext.Default.ObjectHead);
                return new WatchEvent<T>(WatchEventType.Bookmark, null, bookmark?.Metadata?.ResourceVersion);
            case "ERROR":
                var status = JsonSerializer.Deserialize(ref reader, KubernetesJsonContext.Default.ServerStatus);
                throw new ApiException(
                    (HttpStatusCode)(status?.Code ?? (int)HttpStatusCode.InternalServerError), status?.Reason, status?.Message ?? "The watch failed without a message.");
            default:
                throw new JsonException($"A watch event is ADDED, MODIFIED, DELETED, BOOKMARK or ERROR, got '{type}'.");
        }
    }

    private static WatchEvent<T> OfObject<T>(WatchEventType type, ListItem<T> item)
        where T : class, IKubernetesObject<V1ObjectMeta> =>
        item.Object is { } value
            ? new WatchEvent<T>(type, value, value.Metadata?.ResourceVersion)
            : new WatchEvent<T>(WatchEventType.Undecodable, null, item.Failure?.ResourceVersion, item.Failure);
}
