// SPDX-License-Identifier: Apache-2.0

using System.Diagnostics;
using System.Text.Json;

namespace RuntimeGVisor.NodeInstaller.Containerd;

/// <summary>
/// A shim of gVisor with a container that was created and has not been started, as only a process of the node's own sees it. Nothing of such a
/// container's program has run. A containerd of 1.7 or 2 that starts in that moment asks the shim to delete the container; the shim waits for
/// output that nobody will ever close and does not answer, and containerd does not come up before it has an answer.
/// </summary>
/// <param name="ProcessId">The shim's process.</param>
/// <param name="SandboxId">containerd's identifier of its sandbox.</param>
internal sealed record UnstartedShim(int ProcessId, string SandboxId)
{
    private const string ShimName = "containerd-shim-runsc-v1";
    private const string DefaultRoot = "/run/containerd/runsc";

    /// <summary>Finds them all.</summary>
    public static IReadOnlyList<UnstartedShim> FindAll() =>
        [.. Directory.EnumerateDirectories("/proc").Select(FindIn).OfType<UnstartedShim>()];

    /// <summary>Ends the shim; containerd finds it gone and clears away what it left.</summary>
    public void End()
    {
        try
        {
            using var process = Process.GetProcessById(ProcessId);
            process.Kill();
        }
        catch (Exception exception) when (exception is ArgumentException or InvalidOperationException)
        {
            // It has ended by itself.
        }
    }

    private static UnstartedShim? FindIn(string process)
    {
        try
        {
            // A shim works in the directory of its sandbox, which ends with containerd's namespace and the sandbox's identifier.
            return int.TryParse(Path.GetFileName(process), out var id)
                && Path.GetFileName(LinkTarget("exe"))?.StartsWith(ShimName, StringComparison.Ordinal) == true
                && LinkTarget("cwd") is { } bundle
                && HasUnstartedContainer(bundle)
                    ? new(id, Path.GetFileName(bundle))
                    : null;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or JsonException)
        {
            // It, or one of its containers, has just ended.
            return null;
        }

        string? LinkTarget(string name) => new FileInfo(Path.Join(process, name)).LinkTarget;
    }

    private static bool HasUnstartedContainer(string bundle)
    {
        var states = Path.Join(RootOf(bundle), Path.GetFileName(Path.GetDirectoryName(bundle)));
        return Directory.EnumerateFiles(states, $"*_sandbox:{Path.GetFileName(bundle)}.state")
            .Select(state => TextOf(state, "status"))
            .Any(status => status is "creating" or "created");
    }

    // Where runsc keeps the states of its containers, as the shim was told.
    private static string RootOf(string bundle)
    {
        var state = Path.Join(bundle, "state.json");
        return File.Exists(state) && TextOf(state, "options", "root") is { Length: > 0 } root ? root : DefaultRoot;
    }

    private static string? TextOf(string file, params string[] path)
    {
        using var document = JsonDocument.Parse(File.ReadAllBytes(file));
        var element = document.RootElement;
        foreach (var name in path)
        {
            if (element.ValueKind != JsonValueKind.Object || !element.TryGetProperty(name, out element))
            {
                return null;
            }
        }

        return element.ValueKind == JsonValueKind.String ? element.GetString() : null;
    }
}
