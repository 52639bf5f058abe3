// SPDX-License-Identifier: Apache-2.0

using System.Collections.Concurrent;
using Gardener.Extensions.Api;
using Gardener.Extensions.Operations;
using Kubernetes.Controllers.Client;

namespace Scale;

/// <summary>Asks for one reconciliation after the other and takes the time until gardenlet would see each one done.</summary>
internal sealed class ReconcileTimes(IApiClient api)
{
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(5);

    /// <summary>The time that 95 of 100 reconciliations stay below.</summary>
    public async Task<TimeSpan> MeasurePercentileAsync(
        IReadOnlyList<ObjectKey> keys, Func<ObjectKey, Task> ask, CancellationToken cancellationToken)
    {
        var waiting = new ConcurrentDictionary<ObjectKey, TaskCompletionSource<long>>();
        var page = await api.ReadPageAsync(GardenerResources.ContainerRuntimes, null, new ListOptions { PageSize = 1 }, _ => { }, cancellationToken);
        using var end = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        end.CancelAfter(Limit);
        var watching = WatchAsync(page.ResourceVersion!, waiting, end.Token);
        var times = new List<TimeSpan>();
        foreach (var key in keys)
        {
            var done = waiting[key] = new TaskCompletionSource<long>(TaskCreationOptions.RunContinuationsAsynchronously);
            var start = TimeProvider.System.GetTimestamp();
            await ask(key);
            times.Add(TimeProvider.System.GetElapsedTime(start, await done.Task.WaitAsync(end.Token)));
        }

        await end.CancelAsync();
        await watching.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        times.Sort();
        return times[(int)Math.Ceiling(times.Count * 0.95) - 1];
    }

    private async Task WatchAsync(
        string resourceVersion, ConcurrentDictionary<ObjectKey, TaskCompletionSource<long>> waiting, CancellationToken cancellationToken)
    {
        var options = new WatchOptions { ResourceVersion = resourceVersion, Timeout = Limit };
        await foreach (var change in api.WatchAsync(GardenerResources.ContainerRuntimes, null, options, cancellationToken))
        {
            if (change.Object is { } value && ContainerRuntimeWatch.IsReady(value) && waiting.TryRemove(value.Key(), out var done))
            {
                done.SetResult(TimeProvider.System.GetTimestamp());
            }
        }
    }
}
