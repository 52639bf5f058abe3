// SPDX-License-Identifier: Apache-2.0

using System.Buffers;
using System.IO.Pipelines;
using System.Net;
using System.Runtime.CompilerServices;
using System.Text.Json;
using Kubernetes.Controllers.Serialization;
using k8s;
using k8s.Models;

namespace Kubernetes.Controllers.Client;

/// <summary>
/// Decodes lists and watches object by object while they arrive. An object costs at most itself: whatever is in it, the stream goes on behind it.
/// </summary>
internal static class ObjectStream
{
    /// <summary>A larger object is left out. API servers accept no more than 3 MiB.</summary>
    public const int MaxObjectLength = 16 * 1024 * 1024;

    /// <exception cref="EndOfStreamException">The list ended in the middle.</exception>
    /// <exception cref="JsonException">The answer is no list.</exception>
    public static async Task<ListPage> ReadListAsync<T>(
        PipeReader pipe, ResourceDefinition<T> resource, Action<Decoded<T>> receive, CancellationToken cancellationToken)
        where T : class, IKubernetesObject<V1ObjectMeta>
    {
        var json = new JsonSplitter(pipe, MaxObjectLength);
        ListHead? head = null;
        await EnterAsync(json, cancellationToken);
        while (await json.PeekAsync(cancellationToken) != '}')
        {
            var name = await json.ReadAsync(cancellationToken);
            var (isItems, isMetadata) = (name.Is("\"items\""u8), name.Is("\"metadata\""u8));
            if (isItems && await json.PeekAsync(cancellationToken) == '[')
            {
                json.Skip();
                while (await json.PeekAsync(cancellationToken) != ']')
                {
                    receive(ObjectDecoder.Decode(WatchEventType.Added, await json.ReadAsync(cancellationToken), resource));
                }

                json.Skip();
                continue;
            }

            var value = await json.ReadAsync(cancellationToken);
            head = isMetadata ? Deserialize(value, KubernetesJsonContext.Default.ListHead) : head;
        }

        return new ListPage(head?.ResourceVersion, string.IsNullOrEmpty(head?.Continue) ? null : head.Continue);
    }

    /// <exception cref="ApiException">The server sent an <c>ERROR</c> event.</exception>
    /// <exception cref="JsonException">Something is no watch event.</exception>
    public static async IAsyncEnumerable<Decoded<T>> ReadWatchAsync<T>(
        PipeReader pipe, ResourceDefinition<T> resource, [EnumeratorCancellation] CancellationToken cancellationToken)
        where T : class, IKubernetesObject<V1ObjectMeta>
    {
        var json = new JsonSplitter(pipe, MaxObjectLength);
        while (await json.PeekAsync(cancellationToken) != 0)
        {
            if (await ReadEventAsync(json, resource, cancellationToken) is not { } change)
            {
                yield break;
            }

            yield return change;
        }
    }

    /// <returns>Null if the event was cut off; the next watch reports it again.</returns>
    private static async ValueTask<Decoded<T>?> ReadEventAsync<T>(JsonSplitter json, ResourceDefinition<T> resource, CancellationToken cancellationToken)
        where T : class, IKubernetesObject<V1ObjectMeta>
    {
        string? type = null;
        RawJsonValue? early = null;
        Decoded<T>? change = null;
        await EnterAsync(json, cancellationToken);
        try
        {
            while (await json.PeekAsync(cancellationToken) != '}')
            {
                var name = await json.ReadAsync(cancellationToken);
                var (isType, isObject) = (name.Is("\"type\""u8), name.Is("\"object\""u8));
                var value = await json.ReadAsync(cancellationToken);
                if (isType)
                {
                    type = TypeName(value);
                    change = early is { } known ? Decode(type, known, resource) : change;
                }
                else if (isObject && type is not null)
                {
                    change = Decode(type, value, resource);
                }
                else if (isObject)
                {
                    early = value with { Bytes = new ReadOnlySequence<byte>(value.Bytes.ToArray()) };
                }
            }
        }
        catch (EndOfStreamException)
        {
            return null;
        }

        json.Skip();
        return change ?? throw new JsonException("An event of the watch has no 'type' and 'object'.");
    }

    private static async ValueTask EnterAsync(JsonSplitter json, CancellationToken cancellationToken)
    {
        var first = await json.PeekAsync(cancellationToken);
        if (first != '{')
        {
            throw first == 0
                ? new EndOfStreamException("The answer is empty.")
                : new JsonException($"The answer is a JSON object, this one begins with '{(char)first}'.");
        }

        json.Skip();
    }

    private static string TypeName(RawJsonValue value) =>
        value.Is("\"MODIFIED\""u8) ? "MODIFIED"
        : value.Is("\"ADDED\""u8) ? "ADDED"
        : value.Is("\"DELETED\""u8) ? "DELETED"
        : value.Is("\"BOOKMARK\""u8) ? "BOOKMARK"
        : value.Is("\"ERROR\""u8) ? "ERROR"
        : throw new JsonException("A watch event is ADDED, MODIFIED, DELETED, BOOKMARK or ERROR.");

    private static Decoded<T> Decode<T>(string type, in RawJsonValue value, ResourceDefinition<T> resource)
        where T : class, IKubernetesObject<V1ObjectMeta>
    {
        switch (type)
        {
            case "ADDED":
                return ObjectDecoder.Decode(WatchEventType.Added, value, resource);
            case "MODIFIED":
                return ObjectDecoder.Decode(WatchEventType.Modified, value, resource);
            case "DELETED":
                return ObjectDecoder.Decode(WatchEventType.Deleted, value, resource);
            case "BOOKMARK":
                var bookmark = ObjectHead.Read(value.Bytes.ToArray());
                return new Decoded<T>(
                    bookmark.EndsInitialEvents ? WatchEventType.InitialEventsEnd : WatchEventType.Bookmark, null, bookmark.ResourceVersion);
            default:
                var status = Deserialize(value, KubernetesJsonContext.Default.ServerStatus);
                throw new ApiException(
                    (HttpStatusCode)(status?.Code ?? (int)HttpStatusCode.InternalServerError),
                    status?.Reason,
                    status?.Message ?? "The watch failed without a message.",
                    status?.RetryAfter);
        }
    }

    private static TValue? Deserialize<TValue>(in RawJsonValue value, System.Text.Json.Serialization.Metadata.JsonTypeInfo<TValue> typeInfo)
    {
        var reader = new Utf8JsonReader(value.Bytes);
        return JsonSerializer.Deserialize(ref reader, typeInfo);
    }
}
