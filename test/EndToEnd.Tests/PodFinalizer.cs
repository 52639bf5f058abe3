// SPDX-License-Identifier: Apache-2.0

using System.Text.Json.Nodes;

namespace EndToEnd.Tests;

/// <summary>
/// Takes pods that have ended out of the API, as kubelets of today do at once. That of Kubernetes 1.20 looks every ten seconds whether it may,
/// and waits for its container garbage collection, once a minute, where a sandbox takes longer to end than the containers in it.
/// </summary>
internal sealed class PodFinalizer(Cluster cluster) : IAsyncDisposable
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    private readonly CancellationTokenSource _end = new();
    private Task _work = Task.CompletedTask;

    public void Start() => _work = WorkAsync();

    public async ValueTask DisposeAsync()
    {
        await _end.CancelAsync();
        await _work;
        _end.Dispose();
    }

    private async Task WorkAsync()
    {
        while (!_end.IsCancellationRequested)
        {
            foreach (var pod in (await cluster.Api.ListAsync("/api/v1/pods")).Where(HasEnded))
            {
                var metadata = pod["metadata"]!;
                await cluster.Api.TryAsync(
                    HttpMethod.Delete,
                    $"/api/v1/namespaces/{metadata["namespace"]}/pods/{metadata["name"]}",
                    new JsonObject { ["gracePeriodSeconds"] = 0, ["preconditions"] = new JsonObject { ["uid"] = (string)metadata["uid"]! } });
            }

            await Task.Delay(Interval, TimeProvider.System, _end.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    /// <summary>It is to be deleted, it ran, and the kubelet has said that none of its containers does any more.</summary>
    private static bool HasEnded(JsonObject pod) =>
        pod["metadata"]!["deletionTimestamp"] is not null
        && pod["status"]?["containerStatuses"]?.AsArray() is { Count: > 0 } containers
        && containers.All(container => container!["state"]?["running"] is null);
}
