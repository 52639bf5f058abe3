// SPDX-License-Identifier: Apache-2.0

using System.Text.Json;

namespace RuntimeGVisor.NodeInstaller.Containerd;

/// <summary>Reads from containerd's state directory what uses gVisor, whichever handler, namespace and installer it came from.</summary>
internal static class RunscBundles
{
    private const string TasksDirectory = "io.containerd.runtime.v2.task";
    private const string ShimFile = "shim-binary-path";
    private const string ShimNamePrefix = "containerd-shim-";
    private const string RunscShimName = "containerd-shim-runsc-v1";
    private const string DefaultRunsc = "runsc";

    /// <summary>Every bundle of gVisor's shim, and every bundle of which nothing says that it is another's.</summary>
    /// <param name="containerdStateDirectory">The directory of containerd's socket.</param>
    public static IReadOnlyList<RunscBundle> Read(string containerdStateDirectory) =>
        [.. Directories(containerdStateDirectory).Select(directory => ReadBundle(directory, containerdStateDirectory)).OfType<RunscBundle>()];

    /// <summary>The bundles of all shims. One that containerd deletes gets a hidden name first, and containerd never looks at that again.</summary>
    public static IEnumerable<string> Directories(string containerdStateDirectory) =>
        Children(Path.Join(containerdStateDirectory, TasksDirectory)).SelectMany(Children).Where(bundle => !Path.GetFileName(bundle).StartsWith('.'));

    private static RunscBundle? ReadBundle(string directory, string containerdStateDirectory)
    {
        var space = Path.GetFileName(Path.GetDirectoryName(directory)!);
        var shim = ReadText(Path.Join(directory, ShimFile)) ?? FindShimOfSandbox(directory, space, containerdStateDirectory);
        if (shim is not null && IsAnother(Path.GetFileName(shim)))
        {
            return null;
        }

        return Directory.Exists(directory)
            ? new(space, Path.GetFileName(directory), FindRunsc(Path.Join(directory, "state.json")), shim, space == VerificationSandbox.Namespace)
            : null;
    }

    // containerd 2 starts no shim for a container that the shim of its sandbox serves. It records the sandbox, whose own bundle lies beside the
    // container's, or in the directory of another plugin.
    private static string? FindShimOfSandbox(string directory, string space, string containerdStateDirectory) =>
        ReadText(Path.Join(directory, "sandbox")) is { } sandbox
            ? Children(containerdStateDirectory).Select(plugin => ReadText(Path.Join(plugin, space, sandbox, ShimFile))).FirstOrDefault(shim => shim is not null)
            : null;

    private static bool IsAnother(string shimName) =>
        shimName.StartsWith(ShimNamePrefix, StringComparison.Ordinal) && shimName != RunscShimName;

    // What the shim saves before it calls runsc for the first time; an empty name means runsc on the PATH.
    private static string? FindRunsc(string path)
    {
        try
        {
            if (ReadText(path) is not { } text)
            {
                return null;
            }

            using var document = JsonDocument.Parse(text);
            return document.RootElement.TryGetProperty("options", out var options) && options.TryGetProperty("binaryName", out var name)
                ? name.GetString() is { Length: > 0 } runsc ? runsc : DefaultRunsc
                : null;
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException)
        {
            return null;
        }
    }

    private static string? ReadText(string path)
    {
        try
        {
            return File.ReadAllText(path).Trim() is { Length: > 0 } text ? text : null;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // Not there yet, or not to be read: what is not known protects everything.
            return null;
        }
    }

    /// <summary>The directories in a directory that may not be there.</summary>
    public static string[] Children(string directory)
    {
        try
        {
            return Directory.GetDirectories(directory);
        }
        catch (DirectoryNotFoundException)
        {
            return [];
        }
    }
}
