// SPDX-License-Identifier: Apache-2.0

using System.Buffers;

namespace Kubernetes.Controllers.Client;

/// <summary>The bytes of one JSON value.</summary>
/// <param name="Bytes">The value; valid until the next one is read.</param>
/// <param name="Depth">How deep objects and arrays are nested in it.</param>
/// <param name="IsCut">The value is too large: these are only its first bytes.</param>
internal readonly record struct RawJsonValue(ReadOnlySequence<byte> Bytes, int Depth, bool IsCut)
{
    /// <summary>Whether this is the given string, quotes included.</summary>
    public bool Is(ReadOnlySpan<byte> quoted) =>
        Bytes.Length == quoted.Length && (Bytes.IsSingleSegment ? Bytes.FirstSpan : Bytes.ToArray()).SequenceEqual(quoted);
}
