// SPDX-License-Identifier: Apache-2.0

using System.Diagnostics;

namespace RuntimeGVisor.NodeInstaller.Containerd;

/// <summary>A process that this one sees.</summary>
/// <param name="Id">Its number here.</param>
/// <param name="Arguments">Its command line; empty when it is over.</param>
internal sealed record NodeProcess(int Id, IReadOnlyList<string> Arguments)
{
    /// <summary>Lists them all.</summary>
    public static IEnumerable<NodeProcess> All =>
        Directory.EnumerateDirectories("/proc")
            .Select(directory => int.TryParse(Path.GetFileName(directory), out var id) ? new NodeProcess(id, ReadArguments(directory)) : null)
            .OfType<NodeProcess>();

    /// <summary>The program that it executes; null when it is over. Of a file that was removed the path ends with <c> (deleted)</c>.</summary>
    public string? Executable => FindTarget("exe");

    /// <summary>The directory in which it works; null when it is over.</summary>
    public string? WorkingDirectory => FindTarget("cwd");

    /// <summary>Ends it without asking; a stopped one ends, too.</summary>
    public void Kill()
    {
        try
        {
            using var process = Process.GetProcessById(Id);
            process.Kill();
        }
        catch (Exception exception) when (exception is ArgumentException or InvalidOperationException)
        {
            // It has ended by itself.
        }
    }

    private string? FindTarget(string name)
    {
        try
        {
            return new FileInfo($"/proc/{Id}/{name}").LinkTarget;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    private static IReadOnlyList<string> ReadArguments(string directory)
    {
        try
        {
            return File.ReadAllText(Path.Join(directory, "cmdline")).Split('\0', StringSplitOptions.RemoveEmptyEntries);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }
}
