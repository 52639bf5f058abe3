// SPDX-License-Identifier: Apache-2.0

using System.IO.Pipelines;
using System.Text;

namespace Kubernetes.Controllers.Tests.Testing;

/// <summary>A stream that gives no more at a time than the next cut allows.</summary>
internal sealed class StreamPieces(byte[] content, int[] cuts) : MemoryStream(content)
{
    private int _next;

    public static PipeReader Of(string text, int[] cuts) => Of(Encoding.UTF8.GetBytes(text), cuts);

    public static PipeReader Of(byte[] content, int[] cuts) => PipeReader.Create(new StreamPieces(content, cuts));

    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
        base.ReadAsync(buffer[..Math.Min(buffer.Length, cuts[_next++ % cuts.Length])], cancellationToken);
}
