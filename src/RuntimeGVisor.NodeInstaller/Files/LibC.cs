// SPDX-License-Identifier: Apache-2.0

using System.ComponentModel;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace RuntimeGVisor.NodeInstaller.Files;

/// <summary>The few calls of the operating system that the class library does not offer.</summary>
internal static partial class LibC
{
    private const int OpenReadOnly = 0;
    private const int OpenCloseOnExec = 0x80000;
    private const int LockExclusive = 2;
    private const int LockNonBlocking = 4;
    private const int NotPermitted = 1;
    private const int WouldBlock = 11;
    private const int AtCurrentDirectory = -100;
    private const int SymlinkNoFollow = 0x100;
    private const uint BasicStatistics = 0x7ff;
    private const int SyslogReadAll = 3;
    private const int DetachMount = 2;

    /// <summary>Makes the names in a directory (a rename, a new file) survive a power cut.</summary>
    public static void FlushDirectory(string path)
    {
        using var directory = Open(path);
        RandomAccess.FlushToDisk(directory);
    }

    /// <summary>Takes an exclusive lock on an open file, unless somebody has it.</summary>
    public static bool TryLock(SafeFileHandle file)
    {
        if (flock((int)file.DangerousGetHandle(), LockExclusive | LockNonBlocking) == 0)
        {
            return true;
        }

        var error = Marshal.GetLastPInvokeError();
        return error == WouldBlock ? false : throw new Win32Exception(error);
    }

    /// <summary>What identifies the content of a file without reading it; null when there is no file.</summary>
    public static FileStamp? FindStamp(string path)
    {
        if (statx(AtCurrentDirectory, path, SymlinkNoFollow, BasicStatistics, out var status) != 0)
        {
            return null;
        }

        return new(status.Inode, status.Size, Nanoseconds(status.Modified), Nanoseconds(status.Changed));

        static long Nanoseconds(StatusTime time) => (time.Seconds * 1_000_000_000) + time.Nanoseconds;
    }

    /// <summary>
    /// Renames a file, a link or a directory in one step, replacing what has the new name. The class library's own move follows links and
    /// copies where it cannot rename.
    /// </summary>
    public static void Rename(string from, string to)
    {
        if (rename(from, to) != 0)
        {
            throw new IOException($"rename {from} to {to}: {Marshal.GetLastPInvokeErrorMessage()}");
        }
    }

    /// <summary>Gives a file to a user and a group, if this process may.</summary>
    public static bool TryChangeOwner(string path, uint user, uint group)
    {
        if (chown(path, user, group) == 0)
        {
            return true;
        }

        return Marshal.GetLastPInvokeError() == NotPermitted ? false : throw new IOException($"chown {path}: {Marshal.GetLastPInvokeErrorMessage()}");
    }

    /// <summary>User and group that own a file.</summary>
    public static (uint User, uint Group) OwnerOf(string path) =>
        statx(AtCurrentDirectory, path, 0, BasicStatistics, out var status) == 0
            ? (status.User, status.Group)
            : throw new IOException($"stat {path}: {Marshal.GetLastPInvokeErrorMessage()}");

    /// <summary>Opens a file or a directory, which the class library would not open, or would put locks of its own on.</summary>
    public static SafeFileHandle Open(string path)
    {
        var descriptor = open(path, OpenReadOnly | OpenCloseOnExec, 0);
        return descriptor < 0
            ? throw new IOException($"open {path}: {Marshal.GetLastPInvokeErrorMessage()}")
            : new SafeFileHandle(descriptor, ownsHandle: true);
    }

    /// <summary>Takes a mount away from its place, whoever still uses it.</summary>
    public static void Unmount(string path)
    {
        if (umount2(path, DetachMount) != 0)
        {
            throw new IOException($"umount {path}: {Marshal.GetLastPInvokeErrorMessage()}");
        }
    }

    /// <summary>The kernel's log, as dmesg(1) reads it.</summary>
    public static byte[] ReadKernelLog()
    {
        var buffer = new byte[64 * 1024];
        var length = klogctl(SyslogReadAll, buffer, buffer.Length);
        return length < 0 ? throw new Win32Exception(Marshal.GetLastPInvokeError()) : buffer[..length];
    }

    // Names and signatures are those of the C library.
#pragma warning disable SA1300, IDE1006
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    [LibraryImport("libc", StringMarshalling = StringMarshalling.Utf8, SetLastError = true)]
    private static partial int open(string path, int flags, int mode);

    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    [LibraryImport("libc", SetLastError = true)]
    private static partial int flock(int descriptor, int operation);

    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    [LibraryImport("libc", StringMarshalling = StringMarshalling.Utf8, SetLastError = true)]
    private static partial int statx(int directory, string path, int flags, uint mask, out Status status);

    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    [LibraryImport("libc", StringMarshalling = StringMarshalling.Utf8, SetLastError = true)]
    private static partial int rename(string from, string to);

    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    [LibraryImport("libc", StringMarshalling = StringMarshalling.Utf8, SetLastError = true)]
    private static partial int chown(string path, uint user, uint group);

    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    [LibraryImport("libc", StringMarshalling = StringMarshalling.Utf8, SetLastError = true)]
    private static partial int umount2(string path, int flags);

    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    [LibraryImport("libc", SetLastError = true)]
    private static partial int klogctl(int operation, [Out] byte[] buffer, int length);
#pragma warning restore SA1300, IDE1006

    [StructLayout(LayoutKind.Sequential)]
    private struct StatusTime
    {
        public long Seconds;
        public uint Nanoseconds;
        public int Reserved;
    }

    // struct statx, which is the same on every processor.
    [StructLayout(LayoutKind.Sequential, Size = 256)]
    private struct Status
    {
        public uint Mask;
        public uint BlockSize;
        public ulong Attributes;
        public uint Links;
        public uint User;
        public uint Group;
        public ushort Mode;
        public ushort Spare;
        public ulong Inode;
        public ulong Size;
        public ulong Blocks;
        public ulong AttributesMask;
        public StatusTime Accessed;
        public StatusTime Born;
        public StatusTime Changed;
        public StatusTime Modified;
    }
}

/// <summary>Identifies a file's content without reading it: it changes with every write, whoever sets the times back.</summary>
internal readonly record struct FileStamp(ulong Inode, ulong Size, long Modified, long Changed)
{
    public override string ToString() => $"{Inode}-{Size}-{Modified}-{Changed}";
}
