// SPDX-License-Identifier: Apache-2.0

using System.Text.Json.Nodes;
using ControlPlane;

namespace Integration.Tests;

/// <summary>
/// The status of a DaemonSet as Kubernetes' controller writes it, for a pool of nodes that are not there: old pods are replaced within
/// <c>maxUnavailable</c>, which is rounded up, and a new one takes a while to become ready.
/// </summary>
internal sealed class DaemonSetController(ApiServer api, string name, int nodes, TimeSpan readyAfter) : IAsyncDisposable
{
    private readonly List<(string Template, DateTimeOffset ReadyAt)> _pods = [];
    private readonly CancellationTokenSource _stop = new();
    private Task _running = Task.CompletedTask;

    /// <summary>The DaemonSet's pods are all of its present template.</summary>
    public bool IsUpdated { get; private set; }

    /// <summary>When all pods of the present template were ready.</summary>
    public DateTimeOffset? ReadyAt { get; private set; }

    public void Start() => _running = RunAsync();

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _running;
        _stop.Dispose();
    }

    private async Task RunAsync()
    {
        while (!_stop.IsCancellationRequested)
        {
            if (await api.FindAsync(ApiPaths.DaemonSets("kube-system", name)) is { } daemonSet)
            {
                await SyncAsync(daemonSet);
            }

            await Task.Delay(TimeSpan.FromMilliseconds(20), TimeProvider.System, CancellationToken.None);
        }
    }

    private async Task SyncAsync(JsonObject daemonSet)
    {
        var now = TimeProvider.System.GetUtcNow();
        var template = daemonSet["spec"]!["template"]!.ToJsonString();
        var isNew = _pods.Count == 0;
        while (_pods.Count < nodes)
        {
            _pods.Add((template, isNew ? now : now + readyAfter));
        }

        var maxUnavailable = MaxUnavailable((string?)daemonSet["spec"]!["updateStrategy"]!["rollingUpdate"]!["maxUnavailable"]!.ToString());
        var unavailable = _pods.Count(pod => pod.ReadyAt > now);
        foreach (var old in Enumerable.Range(0, nodes).Where(index => _pods[index].Template != template).ToList())
        {
            if (unavailable >= maxUnavailable)
            {
                break;
            }

            _pods[old] = (template, now + readyAfter);
            unavailable++;
        }

        var updated = _pods.Count(pod => pod.Template == template);
        IsUpdated = updated == nodes;
        ReadyAt = IsUpdated && unavailable == 0 ? ReadyAt ?? now : null;
        var status = new JsonObject
        {
            ["observedGeneration"] = (long)daemonSet["metadata"]!["generation"]!,
            ["desiredNumberScheduled"] = nodes,
            ["currentNumberScheduled"] = nodes,
            ["updatedNumberScheduled"] = updated,
            ["numberMisscheduled"] = 0,
            ["numberReady"] = nodes - unavailable,
            ["numberAvailable"] = nodes - unavailable,
            ["numberUnavailable"] = unavailable,
        };
        if (!JsonNode.DeepEquals(status, daemonSet["status"]))
        {
            await api.TryAsync(HttpMethod.Put, $"{ApiPaths.DaemonSets("kube-system", name)}/status", With(daemonSet, status));
        }
    }

    private static JsonObject With(JsonObject daemonSet, JsonObject status)
    {
        var changed = daemonSet.DeepClone().AsObject();
        changed["status"] = status;
        return changed;
    }

    private int MaxUnavailable(string? text) => text switch
    {
        [.. var number, '%'] => (int)Math.Ceiling(nodes * int.Parse(number) / 100.0),
        _ => int.Parse(text!),
    };
}
