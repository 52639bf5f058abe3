// SPDX-License-Identifier: Apache-2.0

namespace Scale;

/// <summary>What one run on a fresh control plane has measured.</summary>
internal sealed record RunFigures
{
    public required Pass Fresh { get; init; }

    public required Pass Unchanged { get; init; }

    public required Start StartWithHalf { get; init; }

    public required Start StartWithAll { get; init; }

    /// <summary>Peak of the process that made the fresh and the unchanged pass, in bytes.</summary>
    public required long PeakMemory { get; init; }

    /// <summary>CPU time of the bare writers for the writes that the controller sends for fresh ContainerRuntimes.</summary>
    public required TimeSpan BareCpu { get; init; }

    public required Disturbance Disturbance { get; init; }

    public required Deletion DeletionWithShoot { get; init; }

    public required Deletion DeletionOfPools { get; init; }
}

/// <summary>All ContainerRuntimes reconciled once, and what bare writes took for the same before and after.</summary>
internal sealed record Pass(Span Controller, Span BareBefore, Span BareAfter, TimeSpan CpuTime, Requests Requests)
{
    /// <summary>Share of the bare writes' rate. The machine may have changed its pace meanwhile, hence their mean.</summary>
    public double Ratio => (BareBefore.Length + BareAfter.Length) / 2 / Controller.Length;
}

/// <summary>Requests of the controller by the audit log.</summary>
/// <param name="ByResource">For ContainerRuntimes: how often each verb was used on each resource.</param>
/// <param name="Beside">Requests that do not depend on the number of ContainerRuntimes: leases, and lists and watches of caches.</param>
/// <param name="Refused">How many were answered with an error.</param>
internal sealed record Requests(IReadOnlyDictionary<string, int> ByResource, int Beside, int Refused)
{
    public int Count => ByResource.Values.Sum();

    public int Clusters => ByResource.GetValueOrDefault("get clusters");

    public int WithoutClusters => Count - Clusters;
}

/// <summary>A start of the controller with nothing to do.</summary>
/// <param name="TimeToFirstWorker">From the start of the process until its caches are complete and its workers run.</param>
/// <param name="ListOfClusters">What the API server takes to answer the largest of the lists for that, asked by the load generator.</param>
/// <param name="PeakMemory">In bytes.</param>
internal sealed record Start(TimeSpan TimeToFirstWorker, TimeSpan ListOfClusters, long PeakMemory);

/// <summary>ContainerRuntimes deleted while a resource manager takes its time.</summary>
internal sealed record Deletion(int Count, Span Span, Requests Requests);

/// <summary>The time below which 95 of 100 reconciliations stay, one at a time.</summary>
/// <param name="Undisturbed">Nothing else happens.</param>
/// <param name="HotObject">Somebody changes another object a hundred times a second.</param>
/// <param name="StuckDeletions">A hundred other objects wait for their deletion, which does not end.</param>
internal sealed record Disturbance(TimeSpan Undisturbed, TimeSpan HotObject, TimeSpan StuckDeletions);
