// SPDX-License-Identifier: Apache-2.0

using Gardener.Extensions.Api;
using Gardener.Extensions.Operations;
using Kubernetes.Controllers.Client;

namespace Scale;

/// <summary>When something was measured, and how long it took.</summary>
internal sealed record Span(DateTimeOffset Start, TimeSpan Length)
{
    public DateTimeOffset End => Start + Length;
}

/// <summary>Sees ContainerRuntimes as gardenlet sees them, by one watch. It measures the controller and the bare writes alike.</summary>
internal sealed class ContainerRuntimeWatch(IApiClient api)
{
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(5);

    /// <summary>What gardenlet takes for done after it has asked for a reconciliation.</summary>
    public static bool IsReady(ContainerRuntime? value) =>
        value?.Status is { LastOperation: { State: OperationState.Succeeded } last, LastError: null } status
        && status.ObservedGeneration == value.Metadata.Generation
        && value.OperationAnnotation() is null
        && !value.NeedsReconcile()
        && last.Progress == 100;

    public static bool IsGone(ContainerRuntime? value) => value is null;

    /// <summary>The time from the first request of the load until the last object is as wanted.</summary>
    /// <param name="what">What is measured, for the message.</param>
    /// <param name="keys">The objects.</param>
    /// <param name="isAsWanted">Judges an object; null for one that is gone.</param>
    /// <param name="load">Sends the load.</param>
    /// <param name="cancellationToken">Ends the measurement.</param>
    /// <exception cref="TimeoutException">Not all objects became as wanted.</exception>
    public async Task<Span> MeasureAsync(
        string what, IEnumerable<ObjectKey> keys, Predicate<ContainerRuntime?> isAsWanted, Func<Task> load, CancellationToken cancellationToken)
    {
        var pending = keys.ToHashSet();
        var page = await api.ReadPageAsync(GardenerResources.ContainerRuntimes, null, new ListOptions { PageSize = 1 }, _ => { }, cancellationToken);
        using var limit = new CancellationTokenSource(Limit, TimeProvider.System);
        using var cancellation = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        var start = TimeProvider.System.GetUtcNow();
        var timestamp = TimeProvider.System.GetTimestamp();
        var seen = SeeAsync(page.ResourceVersion!, pending, isAsWanted, cancellation.Token);
        try
        {
            await load();
            var end = await seen;
            return new Span(start, TimeProvider.System.GetElapsedTime(timestamp, end));
        }
        catch (OperationCanceledException exception) when (limit.IsCancellationRequested)
        {
            throw new TimeoutException($"{what}: {pending.Count} ContainerRuntimes are not done after {Limit.TotalMinutes} minutes, one is {pending.First()}", exception);
        }
        finally
        {
            await cancellation.CancelAsync();
            await ((Task)seen).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task<long> SeeAsync(
        string resourceVersion, HashSet<ObjectKey> pending, Predicate<ContainerRuntime?> isAsWanted, CancellationToken cancellationToken)
    {
        var options = new WatchOptions { ResourceVersion = resourceVersion, Timeout = Limit };
        await foreach (var change in api.WatchAsync(GardenerResources.ContainerRuntimes, null, options, cancellationToken))
        {
            if (change.Object is { } value && isAsWanted(change.Type == WatchEventType.Deleted ? null : value))
            {
                pending.Remove(value.Key());
                if (pending.Count == 0)
                {
                    return TimeProvider.System.GetTimestamp();
                }
            }
        }

        throw new InvalidOperationException("The server ended the watch.");
    }
}
