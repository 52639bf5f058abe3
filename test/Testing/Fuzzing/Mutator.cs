// SPDX-License-Identifier: Apache-2.0

using System.Text;

namespace Testing.Fuzzing;

/// <summary>Changes inputs the way fuzzers do: bytes, runs of bytes, tokens of the format, and pieces of other inputs.</summary>
/// <param name="random">Decides about everything.</param>
internal sealed class Mutator(Random random)
{
    private static readonly byte[][] Tokens =
    [
        .. new[]
        {
            "{", "}", "[", "]", ",", ":", "\"", "\\", "\\u0000", "\\ud800", "\\udc00", "null", "true", "false", "0", "-1", "1e999", "99999999999999999999",
            "\"\"", "\"true\"", "\"false\"", "\"kvm\"", "\"debug\":", "\"net-raw\":", "\"platform\":", "\"nvproxy\":", "\"configFlags\":", "\"testImageTag\":",
            "\"apiVersion\":", "\"kind\":", "[[[[[[[[", "{\"a\":{\"a\":{\"a\":", "\u0000", "\u00e4", "\u2028",
        }.Select(Encoding.UTF8.GetBytes),
    ];

    public byte[] Mutate(IReadOnlyList<byte[]> pool, int maxLength)
    {
        var input = pool[random.Next(pool.Count)];
        for (var changes = random.Next(1, 6); changes > 0; changes--)
        {
            input = Change(input, pool);
        }

        return input.Length <= maxLength ? input : input[..maxLength];
    }

    private byte[] Change(byte[] input, IReadOnlyList<byte[]> pool)
    {
        var at = random.Next(input.Length + 1);
        var length = Math.Min(random.Next(1, 16), input.Length - at);
        return random.Next(6) switch
        {
            0 => [.. input[..at], .. input[(at + length)..]],
            1 => [.. input[..at], .. Tokens[random.Next(Tokens.Length)], .. input[at..]],
            2 => [.. input[..at], .. Tokens[random.Next(Tokens.Length)], .. input[(at + length)..]],
            3 => [.. input[..at], .. input[at..(at + length)], .. input[at..]],
            4 => [.. input[..at], .. Piece(pool), .. input[at..]],
            _ => [.. input[..at], .. length == 0 ? (byte[])[] : [(byte)(input[at] ^ (1 << random.Next(8))), .. input[(at + 1)..]]],
        };
    }

    private byte[] Piece(IReadOnlyList<byte[]> pool)
    {
        var other = pool[random.Next(pool.Count)];
        var from = random.Next(other.Length + 1);
        return other[from..Math.Min(other.Length, from + random.Next(1, 64))];
    }
}
