// SPDX-License-Identifier: Apache-2.0

using System.Buffers;
using System.Text.Json;
using k8s;
using k8s.Models;

namespace Kubernetes.Controllers.Client;

/// <summary>Decodes one object, or says which one could not be decoded and why.</summary>
internal static class ObjectDecoder
{
    /// <summary>A path in a reason is cut off here: names in it can be the object's owner's.</summary>
    private const int MaxPathLength = 200;

    public static Decoded<T> Decode<T>(WatchEventType type, in RawJsonValue value, ResourceDefinition<T> resource)
        where T : class, IKubernetesObject<V1ObjectMeta>
    {
        if (value.Bytes.IsSingleSegment)
        {
            return Decode(type, value.Bytes.FirstSpan, value, resource);
        }

        // The serializer reads bytes in one piece once, and everything else twice.
        var length = (int)value.Bytes.Length;
        var copy = ArrayPool<byte>.Shared.Rent(length);
        try
        {
            value.Bytes.CopyTo(copy);
            return Decode(type, copy.AsSpan(0, length), value, resource);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(copy);
        }
    }

    private static Decoded<T> Decode<T>(WatchEventType type, ReadOnlySpan<byte> json, in RawJsonValue value, ResourceDefinition<T> resource)
        where T : class, IKubernetesObject<V1ObjectMeta>
    {
        string reason;
        try
        {
            if (value.IsCut)
            {
                reason = $"it is larger than {ObjectStream.MaxObjectLength / 1024 / 1024} MiB";
            }
            else if (JsonSerializer.Deserialize(json, resource.TypeInfo) is { Metadata.Name.Length: > 0 } decoded)
            {
                // Items of a list of a built-in type have neither.
                decoded.ApiVersion = resource.ApiVersion;
                decoded.Kind = resource.Kind;
                return new Decoded<T>(type, decoded, decoded.Metadata.ResourceVersion);
            }
            else
            {
                reason = "it has no metadata.name";
            }
        }
        catch (Exception exception) when (exception is not OutOfMemoryException)
        {
            reason = Explain(exception, value.Depth, resource.TypeInfo.Options.MaxDepth);
        }

        var head = ObjectHead.Read(json);
        return new Decoded<T>(
            type, null, head.ResourceVersion, new UndecodableObject(head.Key, head.Uid, head.Generation, head.ResourceVersion, reason));
    }

    /// <remarks>The message of an exception can quote the value; the path of a <see cref="JsonException"/> cannot.</remarks>
    private static string Explain(Exception exception, int depth, int maxDepth)
    {
        var path = (exception as JsonException)?.Path is { Length: > 0 } text ? $" at {text[..Math.Min(text.Length, MaxPathLength)]}" : "";
        var allowed = maxDepth == 0 ? 64 : maxDepth;
        return depth > allowed ? $"it is nested {depth} levels deep{path}; at most {allowed} are allowed" : $"it does not fit its type{path}";
    }
}
