// SPDX-License-Identifier: Apache-2.0

using System.Collections.Concurrent;
using System.Diagnostics;
using System.Text.Json.Nodes;
using ControlPlane;
using Kubernetes.Controllers.Serialization;

namespace Chart.Tests.Rendering;

/// <summary>The charts, rendered by Helm's engine (<c>hack/helm-template.sh</c>).</summary>
internal static class HelmChart
{
    public const string Release = "runtime-gvisor";

    /// <summary>The same values render the same objects: each is rendered once.</summary>
    private static readonly ConcurrentDictionary<(string Folder, string Values), Task<(int Code, string Output, string Error)>> Rendered = new();

    /// <summary>The controller's chart.</summary>
    public static string Folder { get; } = Path.Combine(Repository.Root, "charts", "gardener-extension-runtime-gvisor");

    /// <summary>What the admission has in the cluster that it runs in.</summary>
    public static string AdmissionRuntime { get; } = Path.Combine(Repository.Root, "charts", "gardener-extension-admission-runtime-gvisor", "runtime");

    /// <summary>What the admission has in the virtual garden.</summary>
    public static string AdmissionApplication { get; } = Path.Combine(Repository.Root, "charts", "gardener-extension-admission-runtime-gvisor", "application");

    private static readonly string RepositoryFile = Path.Combine(Repository.Root, "test", "Chart.Tests", "Rendering", "repository.yaml");

    /// <summary>The objects that the chart brings.</summary>
    /// <param name="values">YAML or JSON that goes over the chart's own values and the image's repository.</param>
    /// <param name="folder">Another chart than the controller's.</param>
    public static async Task<IReadOnlyList<JsonObject>> RenderAsync(string values = "{}", string? folder = null)
    {
        var (code, output, error) = await RunAsync(folder ?? Folder, values);
        return code == 0
            ? [.. YamlDocuments.Read(output).OfType<JsonObject>()]
            : throw new InvalidOperationException($"The chart does not render with the values {values}:\n{error}");
    }

    /// <summary>The reason for which the chart takes no such values.</summary>
    public static async Task<string> RefuseAsync(string values, string? folder = null)
    {
        var (code, output, error) = await RunAsync(folder ?? Folder, values);
        return code != 0 ? error : throw new InvalidOperationException($"The chart renders with the values {values}:\n{output}");
    }

    /// <summary>The only object of a kind, or the one of a kind whose name ends so: <c>ConfigMap dashboard</c>.</summary>
    public static JsonObject Single(this IEnumerable<JsonObject> objects, string which) => objects.Find(which) ?? throw new InvalidOperationException($"No {which}.");

    /// <inheritdoc cref="Single"/>
    public static JsonObject? Find(this IEnumerable<JsonObject> objects, string which)
    {
        var words = which.Split(' ');
        return objects.SingleOrDefault(value =>
            (string?)value["kind"] == words[0] && (words.Length == 1 || ((string)value["metadata"]!["name"]!).EndsWith(words[1], StringComparison.Ordinal)));
    }

    /// <summary>The value at a JSON pointer, or null.</summary>
    public static JsonNode? At(this JsonNode value, string pointer)
    {
        var current = (JsonNode?)value;
        foreach (var step in pointer.Split('/').Skip(1).Select(step => step.Replace("~1", "/", StringComparison.Ordinal)))
        {
            current = current is JsonArray array ? array.ElementAtOrDefault(int.Parse(step)) : current?[step];
        }

        return current;
    }

    private static Task<(int Code, string Output, string Error)> RunAsync(string folder, string values) =>
        Rendered.GetOrAdd((folder, values), StartAsync);

    private static async Task<(int Code, string Output, string Error)> StartAsync((string Folder, string Values) chart)
    {
        var script = Path.Combine(Repository.Root, "hack", "helm-template.sh");
        using var process = Process.Start(new ProcessStartInfo(script, [chart.Folder, Release, LocalControlPlane.ExtensionNamespace, "-f", RepositoryFile, "-f", "-"])
        {
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        await process.StandardInput.WriteAsync(chart.Values);
        process.StandardInput.Close();
        var output = process.StandardOutput.ReadToEndAsync();
        var error = process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync();
        return (process.ExitCode, await output, await error);
    }
}
