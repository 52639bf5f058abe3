// SPDX-License-Identifier: Apache-2.0

using System.Diagnostics;
using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using ControlPlane;

namespace EndToEnd.Tests;

/// <summary>Everything that a story happens in: a cluster, Gardener's part in it, and what the steps remember for one another.</summary>
public abstract class Landscape(string containerdVersion, Images images) : IAsyncLifetime
{
    internal const string Pool = "sandboxed";
    internal const string Node = "test-node";

    /// <summary>Debian 12's own containerd: without it there is no story at all.</summary>
    private const string RequiredVersion = "1.6";

    private static readonly JsonSerializerOptions ForPeople = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(250);

    private ChildProcess? _resourceManager;
    private Cluster? _cluster;
    private PodFinalizer? _podFinalizer;

    internal StoryLog Log { get; } = new($"containerd {containerdVersion}");

    internal Images Images => images;

    internal Cluster Cluster => _cluster ?? throw new InvalidOperationException("the cluster is not up");

    internal Extension Extension { get; private set; } = null!;

    internal Shoot Shoot { get; private set; } = null!;

    /// <summary>Why there is no such landscape on this machine; null if there is.</summary>
    internal string? Unavailable { get; private set; }

    /// <summary>The step that failed: those after it have nothing to stand on.</summary>
    internal string? FailedStep { get; set; }

    /// <summary>The node's files before anybody asked for gVisor.</summary>
    internal NodeSnapshot FirstSnapshot { get; private set; } = null!;

    /// <summary>What a step remembers for later ones, by name.</summary>
    internal Dictionary<string, string> Notes { get; } = new(StringComparer.Ordinal);

    public async ValueTask InitializeAsync()
    {
        var parts = (await ChildProcess.GetOutputAsync(
            [Cluster.Script("node-test-bed.sh"), "provide"], null, TimeSpan.FromMinutes(15), TestContext.Current.CancellationToken)).TrimEnd().Split('\n')[^1];
        if (containerdVersion != RequiredVersion && !Directory.Exists(Path.Combine(parts, "layers", $"containerd-{containerdVersion}")))
        {
            Unavailable = $"no package of containerd {containerdVersion} can be had on this machine";
            await Console.Error.WriteLineAsync($"note: {Unavailable}: its story is skipped");
            return;
        }

        var started = Stopwatch.StartNew();
        _cluster = await Cluster.StartAsync(containerdVersion, TestContext.Current.CancellationToken);
        var containerd = (await Cluster.OnNodeAsync("containerd", "--version")).Trim();
        await Console.Error.WriteLineAsync($"note: a story runs on {containerd}");
        Log.Say(string.Create(CultureInfo.InvariantCulture, $"a cluster of one node, seed and shoot in one: up in {started.Elapsed.TotalSeconds:0.0} s, {containerd}"));
        await images.WhenMadeAsync();
        foreach (var image in (Image[])[images.Controller, images.Installer, images.NewerInstaller])
        {
            await Cluster.ImportAsync(image.Archive);
        }

        Extension = new Extension(Cluster);
        Shoot = await Shoot.CreateAsync(Cluster.Api, name: "story");
        _resourceManager = ResourceManagerProcess.Start(Cluster.ControlPlane, TimeSpan.Zero, nodes: true);
        _podFinalizer = new PodFinalizer(Cluster);
        _podFinalizer.Start();
        await Sabotage.PrepareAsync(Cluster);
        FirstSnapshot = NodeSnapshot.Take(Cluster.NodeChanges);
    }

    public async ValueTask DisposeAsync()
    {
        if (_podFinalizer is not null)
        {
            await _podFinalizer.DisposeAsync();
        }

        if (_resourceManager is not null)
        {
            await _resourceManager.DisposeAsync();
        }

        if (_cluster is not null)
        {
            await _cluster.DisposeAsync();
        }

        GC.SuppressFinalize(this);
    }

    /// <summary>Waits for something that others do.</summary>
    /// <param name="what">What is waited for.</param>
    /// <param name="read">Reads it.</param>
    /// <param name="wanted">Whether it is as wanted.</param>
    /// <param name="seconds">How long at most; generous, because it only matters when something is wrong.</param>
    internal async Task<T> WaitAsync<T>(string what, Func<Task<T>> read, Predicate<T> wanted, int seconds = 120)
    {
        var elapsed = Stopwatch.StartNew();
        while (true)
        {
            var value = await read();
            if (wanted(value))
            {
                return value;
            }

            if (elapsed.Elapsed.TotalSeconds > seconds)
            {
                throw new TimeoutException($"After {seconds} s still waiting for: {what}\n{await ExplainAsync()}");
            }

            await Task.Delay(Interval, TimeProvider.System, TestContext.Current.CancellationToken);
        }
    }

    internal Task WaitAsync(string what, Func<Task<bool>> holds, int seconds = 120) => WaitAsync(what, holds, value => value, seconds);

    /// <summary>Waits until gardenlet would take its last request for done.</summary>
    internal Task<JsonObject> WaitUntilReadyAsync() =>
        WaitAsync("ContainerRuntime Succeeded", () => Shoot.GetAsync(Pool), Shoot.IsReady);

    /// <summary>What a person would look at who wants to know why it does not go on: every cause that some object or program names.</summary>
    internal async Task<string> ExplainAsync()
    {
        var lines = new List<string>();
        foreach (var path in (string[])[ApiPaths.ContainerRuntimes(Shoot.Namespace), ApiPaths.ManagedResources(Shoot.Namespace)])
        {
            foreach (var item in await Cluster.Api.ListAsync(path))
            {
                lines.Add($"{item["kind"]} {item["metadata"]!["name"]}: {StatusOf(item)}");
            }
        }

        foreach (var pod in await Cluster.Api.ListAsync("/api/v1/pods"))
        {
            var (name, @namespace) = ((string)pod["metadata"]!["name"]!, (string)pod["metadata"]!["namespace"]!);
            if (Pods.IsReady(pod))
            {
                continue;
            }

            lines.Add($"Pod {@namespace}/{name} is not ready: {pod["status"]?["phase"]}");
            lines.AddRange((await EventsAsync(@namespace, name)).TakeLast(5).Select(text => $"  {text}"));
            if (pod["spec"]!["containers"]![0]!["image"]!.ToString().StartsWith("localhost/busybox", StringComparison.Ordinal))
            {
                continue;
            }

            lines.AddRange((await LogAsync(@namespace, name)).Split('\n').TakeLast(8).Select(line => $"  | {line}"));
        }

        foreach (var pod in await Cluster.Api.ListAsync($"/api/v1/namespaces/{Extension.Namespace}/pods"))
        {
            lines.AddRange(from line in (await LogAsync(Extension.Namespace, (string)pod["metadata"]!["name"]!)).Split('\n')
                           where line.Contains("\"error\"", StringComparison.OrdinalIgnoreCase)
                           select $"  controller | {line}");
        }

        return string.Join('\n', lines.Distinct().TakeLast(60));
    }

    private static string? StatusOf(JsonObject item) =>
        (string?)item["status"]?["lastError"]?["description"]
        ?? (string?)item["status"]?["lastOperation"]?["description"]
        ?? item["status"]?["conditions"]?.ToJsonString(ForPeople);

    /// <summary>Messages of the Events about an object.</summary>
    internal async Task<IReadOnlyList<string>> EventsAsync(string @namespace, string name) =>
        [.. from item in await Cluster.Api.ListAsync(ApiPaths.Events(@namespace))
            where (string?)item["involvedObject"]?["name"] == name
            select $"{item["reason"]}: {item["message"]}"];

    private async Task<string> LogAsync(string @namespace, string pod)
    {
        var (_, text) = await Cluster.Api.TryAsync(HttpMethod.Get, $"/api/v1/namespaces/{@namespace}/pods/{pod}/log?tailLines=40");
        return text;
    }
}

/// <summary>A landscape whose node has Debian 12's containerd.</summary>
public sealed class Containerd16Landscape(Images images) : Landscape("1.6", images);

/// <summary>A landscape whose node has containerd 1.7.</summary>
public sealed class Containerd17Landscape(Images images) : Landscape("1.7", images);
