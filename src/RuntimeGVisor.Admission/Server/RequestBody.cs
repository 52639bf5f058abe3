// SPDX-License-Identifier: Apache-2.0

using System.Buffers;

namespace RuntimeGVisor.Admission.Server;

/// <summary>The body of a request, in a buffer that grows with what arrives and not with what is announced.</summary>
internal sealed class RequestBody : IDisposable
{
    private const int FirstSize = 64 * 1024;

    private byte[] _buffer = ArrayPool<byte>.Shared.Rent(FirstSize);
    private int _length;

    private RequestBody()
    {
    }

    /// <summary>What has arrived.</summary>
    public ReadOnlyMemory<byte> Content => _buffer.AsMemory(0, _length);

    /// <summary>Reads to the end.</summary>
    public static async Task<RequestBody> ReadAsync(Stream stream, CancellationToken cancellationToken)
    {
        var body = new RequestBody();
        try
        {
            while (await stream.ReadAsync(body.Free(), cancellationToken) is > 0 and var count)
            {
                body._length += count;
            }

            return body;
        }
        catch
        {
            body.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public void Dispose() => ArrayPool<byte>.Shared.Return(_buffer);

    private Memory<byte> Free()
    {
        if (_length == _buffer.Length)
        {
            var larger = ArrayPool<byte>.Shared.Rent(2 * _buffer.Length);
            _buffer.AsSpan().CopyTo(larger);
            ArrayPool<byte>.Shared.Return(_buffer);
            _buffer = larger;
        }

        return _buffer.AsMemory(_length);
    }
}
