// SPDX-License-Identifier: Apache-2.0

using System.Text;
using Org.BouncyCastle.Crypto;
using Org.BouncyCastle.Crypto.Digests;

namespace RuntimeGVisor.NodeInstaller.Files;

/// <summary>
/// Checksums in lower-case hexadecimal digits. The class library's own would need OpenSSL, which makes the program larger by a quarter and is
/// used for nothing else.
/// </summary>
internal static class Checksum
{
    private const int BlockLength = 256 * 1024;

    /// <summary>The SHA-512 of a file, as sha512sum(1) prints it.</summary>
    public static string Sha512(string path)
    {
        using var file = new FileStream(path, new FileStreamOptions { Access = FileAccess.Read, BufferSize = 0, Options = FileOptions.SequentialScan });
        return Sha512(file, Stream.Null);
    }

    /// <summary>Copies a stream and returns the SHA-512 of what was copied.</summary>
    public static string Sha512(Stream from, Stream to)
    {
        var digest = new Sha512Digest();
        var buffer = new byte[BlockLength];
        for (int length; (length = from.Read(buffer)) > 0;)
        {
            digest.BlockUpdate(buffer, 0, length);
            to.Write(buffer, 0, length);
        }

        return Finish(digest);
    }

    /// <summary>The SHA-256 of a text in UTF-8.</summary>
    public static string Sha256(string text) => Sha256(Encoding.UTF8.GetBytes(text));

    /// <summary>The SHA-256 of several texts and files, one after the other.</summary>
    public static string Sha256(params IEnumerable<byte[]> parts)
    {
        var digest = new Sha256Digest();
        foreach (var part in parts)
        {
            digest.BlockUpdate(part, 0, part.Length);
        }

        return Finish(digest);
    }

    private static string Finish(IDigest digest)
    {
        var sum = new byte[digest.GetDigestSize()];
        digest.DoFinal(sum, 0);
        return Convert.ToHexStringLower(sum);
    }
}
