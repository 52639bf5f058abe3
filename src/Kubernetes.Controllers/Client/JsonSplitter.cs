// SPDX-License-Identifier: Apache-2.0

using System.Buffers;
using System.IO.Pipelines;

namespace Kubernetes.Controllers.Client;

/// <summary>Cuts a stream into JSON values as they arrive. Only the value at hand is buffered, and of one that is too large only the beginning.</summary>
/// <param name="pipe">The stream.</param>
/// <param name="maxLength">A longer value is read and thrown away, but for its first bytes.</param>
internal sealed class JsonSplitter(PipeReader pipe, int maxLength)
{
    /// <summary>Of a value that is too large, so much is kept: enough for the metadata, which come first.</summary>
    private const int KeptLength = 64 * 1024;

    // What has arrived and is not used yet.
    private ReadOnlySequence<byte> _buffer;

    /// <summary>The byte with which the next value or bracket begins; 0 at the end of the stream.</summary>
    public async ValueTask<byte> PeekAsync(CancellationToken cancellationToken)
    {
        do
        {
            var reader = new SequenceReader<byte>(_buffer);
            reader.AdvancePastAny(" \t\r\n,:"u8);
            _buffer = reader.UnreadSequence;
            if (reader.TryPeek(out var next))
            {
                return next;
            }
        }
        while (await FillAsync(cancellationToken));

        return 0;
    }

    /// <summary>Passes over the byte that was peeked.</summary>
    public void Skip() => _buffer = _buffer.Slice(1);

    /// <exception cref="EndOfStreamException">The stream ends before the value does.</exception>
    public async ValueTask<RawJsonValue> ReadAsync(CancellationToken cancellationToken)
    {
        var scanner = default(JsonValueScanner);
        var scanned = 0L;
        byte[]? kept = null;
        if (await PeekAsync(cancellationToken) == 0)
        {
            throw new EndOfStreamException("The answer ended too early.");
        }

        while (!TryScan(ref scanner, ref scanned))
        {
            if (scanned > maxLength)
            {
                kept ??= _buffer.Slice(0, Math.Min(KeptLength, scanned)).ToArray();
                _buffer = _buffer.Slice(scanned);
                scanned = 0;
            }

            if (!await FillAsync(cancellationToken))
            {
                throw new EndOfStreamException("The answer ended in the middle of an object.");
            }
        }

        var bytes = kept is null ? _buffer.Slice(0, scanned) : new ReadOnlySequence<byte>(kept);
        _buffer = _buffer.Slice(scanned);
        return new RawJsonValue(bytes, scanner.Depth, kept is not null);
    }

    private bool TryScan(ref JsonValueScanner scanner, ref long scanned)
    {
        foreach (var segment in _buffer.Slice(scanned))
        {
            var end = scanner.FindEnd(segment.Span);
            scanned += end >= 0 ? end : segment.Length;
            if (end >= 0)
            {
                return true;
            }
        }

        return false;
    }

    /// <returns>False if the stream has ended.</returns>
    private async ValueTask<bool> FillAsync(CancellationToken cancellationToken)
    {
        var before = _buffer.Length;
        pipe.AdvanceTo(_buffer.Start, _buffer.End);
        var result = await pipe.ReadAsync(cancellationToken);
        _buffer = result.Buffer;
        return _buffer.Length > before || !result.IsCompleted;
    }
}
