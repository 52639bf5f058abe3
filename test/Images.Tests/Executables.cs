// SPDX-License-Identifier: Apache-2.0

namespace Images.Tests;

/// <summary>The smallest files that pass for executables, in place of gVisor's, which have tens of megabytes.</summary>
internal static class Executables
{
    /// <param name="architecture">amd64 or arm64.</param>
    /// <param name="text">What distinguishes it from others.</param>
    public static byte[] For(string architecture, string text)
    {
        byte[] header = [0x7f, .. "ELF"u8, 2, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 0, architecture == "amd64" ? (byte)62 : (byte)183, 0];
        return [.. header, .. System.Text.Encoding.UTF8.GetBytes(text)];
    }
}
