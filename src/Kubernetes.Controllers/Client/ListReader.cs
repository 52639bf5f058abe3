// SPDX-License-Identifier: Apache-2.0

using System.Buffers;
using System.IO.Pipelines;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Kubernetes.Controllers.Serialization;

namespace Kubernetes.Controllers.Client;

/// <summary>
/// Decodes a list object by object while it arrives. Only the object at hand is buffered, and one that does not fit its type is reported
/// and passed over.
/// </summary>
internal sealed class ListReader<T>(JsonTypeInfo<T> typeInfo, Action<ListItem<T>> receive)
    where T : class
{
    private JsonReaderState _state;
    private ListHead? _head;
    private bool _inItems;
    private bool _complete;
    private long _itemLength;

    /// <exception cref="HttpRequestException">The list ended in the middle.</exception>
    /// <exception cref="JsonException">The answer is no JSON object.</exception>
    public async Task<ListPage> ReadAsync(PipeReader pipe, CancellationToken cancellationToken)
    {
        var wanted = 1L;
        while (true)
        {
            var result = await pipe.ReadAtLeastAsync((int)Math.Min(wanted, int.MaxValue), cancellationToken);
            var consumed = Consume(result.Buffer, result.IsCompleted);
            var rest = result.Buffer.Slice(consumed);

            // An object that is not complete is scanned again when the buffer has doubled, so the work stays linear in its size. The objects
            // of a list are much alike: with a little more than the one before them had, most are complete at the first attempt.
            var expected = _itemLength + (_itemLength / 8);
            wanted = Math.Max(1, rest.Length < expected ? expected : rest.Length * 2);
            pipe.AdvanceTo(rest.Start, rest.End);
            if (_complete)
            {
                return new ListPage(_head?.ResourceVersion, string.IsNullOrEmpty(_head?.Continue) ? null : _head.Continue);
            }

            if (result.IsCompleted)
            {
                throw new HttpRequestException(HttpRequestError.ResponseEnded, "The list ended in the middle.");
            }
        }
    }

    /// <returns>How many bytes are done with.</returns>
    private long Consume(in ReadOnlySequence<byte> buffer, bool isFinal)
    {
        var reader = new Utf8JsonReader(buffer, isFinal, _state);
        while (true)
        {
            // Work on a copy: if a part is not complete, the original still stands before it.
            var probe = reader;
            if (_complete || !(_inItems ? TryReadItem(ref probe, buffer) : TryReadProperty(ref probe, buffer)))
            {
                _state = reader.CurrentState;
                return reader.BytesConsumed;
            }

            reader = probe;
        }
    }

    private bool TryReadItem(ref Utf8JsonReader reader, in ReadOnlySequence<byte> buffer)
    {
        if (!reader.Read())
        {
            return false;
        }

        if (reader.TokenType == JsonTokenType.EndArray)
        {
            _inItems = false;
            return true;
        }

        var start = reader.TokenStartIndex;
        if (!reader.TrySkip())
        {
            return false;
        }

        _itemLength = reader.BytesConsumed - start;
        receive(ObjectDecoder.Decode(buffer.Slice(start, _itemLength), typeInfo));
        return true;
    }

    private bool TryReadProperty(ref Utf8JsonReader reader, in ReadOnlySequence<byte> buffer)
    {
        if (!reader.Read())
        {
            return false;
        }

        switch (reader.TokenType)
        {
            case JsonTokenType.StartObject:
                return true;
            case JsonTokenType.EndObject:
                _complete = true;
                return true;
            case JsonTokenType.PropertyName:
                break;
            default:
                throw new JsonException($"A list is a JSON object, the answer begins with {reader.TokenType}.");
        }

        var isItems = reader.ValueTextEquals("items"u8);
        var isMetadata = reader.ValueTextEquals("metadata"u8);
        if (!reader.Read())
        {
            return false;
        }

        if (isItems && reader.TokenType == JsonTokenType.StartArray)
        {
            _inItems = true;
            return true;
        }

        var start = reader.TokenStartIndex;
        if (!reader.TrySkip())
        {
            return false;
        }

        if (isMetadata)
        {
            var head = new Utf8JsonReader(buffer.Slice(start, reader.BytesConsumed - start));
            _head = JsonSerializer.Deserialize(ref head, KubernetesJsonContext.Default.ListHead);
        }

        return true;
    }
}
