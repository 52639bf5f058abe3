// SPDX-License-Identifier: Apache-2.0

using System.Text.Json;
using RuntimeGVisor.NodeInstaller.Containerd.V1;

namespace RuntimeGVisor.NodeInstaller.Containerd;

/// <summary>A sandbox that runs with the handler.</summary>
/// <param name="Id">containerd's identifier.</param>
/// <param name="Pod">Namespace and name of its pod.</param>
/// <param name="ConfigPath">The file that its shim reads whenever a container is created in it; null when containerd does not say.</param>
internal sealed record SandboxUse(string Id, string Pod, string? ConfigPath)
{
    private const int ShortIdLength = 13;

    /// <summary>Pod and sandbox for people.</summary>
    public override string ToString() => $"{Pod} (sandbox {Id[..Math.Min(Id.Length, ShortIdLength)]})";

    /// <summary>Lists every sandbox of a handler that is not over.</summary>
    public static async Task<IReadOnlyList<SandboxUse>> ListAsync(
        ContainerRuntimeClient client, string handler, CancellationToken cancellationToken)
    {
        var all = await client.Runtime.ListPodSandboxAsync(new(), client.Limited(cancellationToken));
        var uses = new List<SandboxUse>();
        foreach (var sandbox in all.Items.Where(item => item.RuntimeHandler == handler && item.State == PodSandboxState.SandboxReady))
        {
            var status = await client.Runtime.PodSandboxStatusAsync(
                new() { PodSandboxId = sandbox.Id, Verbose = true }, client.Limited(cancellationToken));
            var pod = $"{sandbox.Metadata?.Namespace}/{sandbox.Metadata?.Name}";
            uses.Add(new(sandbox.Id, pod, ConfigPathOf(status.Info.GetValueOrDefault("info"))));
        }

        return uses;
    }

    private static string? ConfigPathOf(string? info)
    {
        if (info is null)
        {
            return null;
        }

        using var document = JsonDocument.Parse(info);
        return document.RootElement.TryGetProperty("runtimeOptions", out var options)
            && options.ValueKind == JsonValueKind.Object
            && options.TryGetProperty("config_path", out var path)
                ? path.GetString()
                : null;
    }
}
