// SPDX-License-Identifier: Apache-2.0

using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text;

namespace RuntimeGVisor.NodeInstaller.Releases;

/// <summary>
/// Looks at a file's first bytes. A checksum made from a wrong download agrees with it; this catches the error page that somebody stored as
/// runsc, and the executable of another processor.
/// </summary>
internal static class ExecutableFile
{
    private const int HeaderLength = 20;
    private const byte SixtyFourBit = 2;
    private const ushort MachineX64 = 62;
    private const ushort MachineArm64 = 183;

    /// <summary>Checks that a file is an ELF executable for this machine's processor.</summary>
    /// <exception cref="ReleaseException">It is not; the message shows what it begins with.</exception>
    public static void Check(string path)
    {
        var header = new byte[HeaderLength];
        using (var file = File.OpenRead(path))
        {
            if (file.ReadAtLeast(header, HeaderLength, throwOnEndOfStream: false) < HeaderLength)
            {
                throw new ReleaseException($"{path} is no executable: it has only {file.Length} bytes");
            }
        }

        if (!header.AsSpan().StartsWith("\u007fELF"u8) || header[4] != SixtyFourBit)
        {
            var start = Encoding.ASCII.GetString(header).ReplaceLineEndings(" ");
            throw new ReleaseException($"{path} is no executable: it begins with \"{string.Concat(start.Where(character => !char.IsControl(character)))}\"");
        }

        var machine = BinaryPrimitives.ReadUInt16LittleEndian(header.AsSpan(18));
        var expected = RuntimeInformation.ProcessArchitecture == Architecture.Arm64 ? MachineArm64 : MachineX64;
        if (machine != expected)
        {
            throw new ReleaseException($"{path} is an executable for another processor (ELF machine {machine}, this node has {expected})");
        }
    }
}
