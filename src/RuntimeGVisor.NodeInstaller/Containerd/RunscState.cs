// SPDX-License-Identifier: Apache-2.0

using System.Text.Json;

namespace RuntimeGVisor.NodeInstaller.Containerd;

/// <summary>A container as runsc has saved it.</summary>
/// <param name="Id">containerd's identifier; of a sandbox's own container that of the sandbox.</param>
/// <param name="Status">Such as <c>creating</c>, <c>created</c> or <c>running</c>; null when it cannot be read.</param>
internal sealed record RunscState(string Id, string? Status)
{
    private const string SandboxMark = "_sandbox:";
    private const string DefaultRoot = "/run/containerd/runsc";

    /// <summary>Whether the container was not started yet; nothing of its program has run.</summary>
    public bool IsPending => Status is "creating" or "created";

    /// <summary>The containers of the sandbox whose shim works in a bundle.</summary>
    public static IReadOnlyList<RunscState> ReadAll(string bundle)
    {
        var sandbox = Path.GetFileName(bundle);
        var root = RootOf(bundle);
        // Shims differ in whether the directory that they save is that of their namespace already.
        string[] directories = [root, Path.Join(root, Path.GetFileName(Path.GetDirectoryName(bundle)))];
        return [.. directories.Where(Directory.Exists).SelectMany(directory => Directory.GetFiles(directory, $"*{SandboxMark}{sandbox}.state")).Select(Read)];
    }

    private static RunscState Read(string path)
    {
        var name = Path.GetFileName(path);
        return new(name[..name.IndexOf(SandboxMark, StringComparison.Ordinal)], FindText(path, "status"));
    }

    // Where runsc keeps the states of its containers, as the shim was told.
    private static string RootOf(string bundle) =>
        FindText(Path.Join(bundle, "state.json"), "options", "root") is { Length: > 0 } root ? root : DefaultRoot;

    private static string? FindText(string file, params ReadOnlySpan<string> path)
    {
        try
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
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or JsonException)
        {
            // It has just ended, or is being written.
            return null;
        }
    }
}
