// SPDX-License-Identifier: Apache-2.0

using System.Text.Json.Nodes;
using ControlPlane;

namespace Integration.Tests;

/// <summary>
/// The status of a DaemonSet as Kubernetes' controller writes it, for a pool of nodes that are not there: old pods are ended within
/// <c>maxUnavailable</c>, which is rounded up, each is replaced when it has ended, and a new one takes a while to become ready.
/// </summary>
/// <param name="api">The cluster.</param>
/// <param name="name">The DaemonSet, in kube-system.</param>
/// <param name="nodes">How many nodes there are.</param>
/// <param name="endsAfter">How long a pod takes to end; of several that end, one after the other.</param>
/// <param name="readyAfter">How long a new pod takes to become ready.</param>
internal sealed class DaemonSetController(ApiServer api, string name, int nodes, TimeSpan endsAfter, TimeSpan readyAfter) : IAsyncDisposable
{
    private readonly List<Pod> _pods = [];
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
        if (daemonSet["metadata"]!["deletionTimestamp"] is not null)
        {
            // Its pods have ended: the garbage collector lets it go.
            await api.TryAsync(HttpMethod.Put, ApiPaths.DaemonSets("kube-system", name), WithoutFinalizers(daemonSet));
            return;
        }

        var now = TimeProvider.System.GetUtcNow();
        var template = daemonSet["spec"]!["template"]!.ToJsonString();
        if (_pods.Count == 0)
        {
            _pods.AddRange(Enumerable.Repeat(new Pod(template, ReadyAt: now, EndsAt: null), nodes));
        }

        var maxUnavailable = MaxUnavailable(daemonSet["spec"]!["updateStrategy"]!["rollingUpdate"]!["maxUnavailable"]!.ToString());
        var unavailable = _pods.Count(pod => !pod.IsAvailable(now));
        for (var index = 0; index < nodes; index++)
        {
            var pod = _pods[index];
            if (pod.EndsAt <= now)
            {
                _pods[index] = new Pod(template, now + readyAfter, EndsAt: null);
            }
            else if (pod.Template != template && pod.EndsAt is null && unavailable < maxUnavailable)
            {
                _pods[index] = pod with { EndsAt = now + (endsAfter * (_pods.Count(other => other.EndsAt is not null) + 1)) };
                unavailable++;
            }
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

    private sealed record Pod(string Template, DateTimeOffset ReadyAt, DateTimeOffset? EndsAt)
    {
        public bool IsAvailable(DateTimeOffset now) => EndsAt is null && ReadyAt <= now;
    }

    private static JsonObject WithoutFinalizers(JsonObject daemonSet)
    {
        var changed = daemonSet.DeepClone().AsObject();
        changed["metadata"]!.AsObject().Remove("finalizers");
        return changed;
    }

    private static JsonObject With(JsonObject daemonSet, JsonObject status)
    {
        var changed = daemonSet.DeepClone().AsObject();
        changed["status"] = status;
        return changed;
    }

    private int MaxUnavailable(string text) => text switch
    {
        [.. var number, '%'] => (int)Math.Ceiling(nodes * int.Parse(number) / 100.0),
        _ => int.Parse(text),
    };
}
