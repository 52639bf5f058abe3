// SPDX-License-Identifier: Apache-2.0

using Gardener.Extensions.Api;
using Hosting.Metrics;

namespace Gardener.Extensions.Metrics;

/// <summary>How the operations of one kind of extension objects end, and how long gardenlet has to wait for them.</summary>
public sealed class OperationMetrics
{
    /// <summary>gardenlet gives up after 180 s; the next bounds show what took longer.</summary>
    private static readonly double[] Seconds = [0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 180, 300, 600, 1800];

    private static readonly OperationType[] Types =
        [OperationType.Create, OperationType.Reconcile, OperationType.Delete, OperationType.Migrate, OperationType.Restore];

    private readonly Dictionary<(OperationType Type, OperationResult Result), Counter> _results = [];
    private readonly Dictionary<OperationType, Histogram> _durations = [];

    /// <summary>Registers the metrics; every series is there from the start.</summary>
    /// <param name="registry">Where they are exported.</param>
    /// <param name="prefix">The beginning of their names, the extension's own word: <c>sample</c> gives <c>sample_operations_total</c>.</param>
    /// <param name="kind">The kind of the objects, value of the label <c>kind</c>.</param>
    public OperationMetrics(MetricRegistry registry, string prefix, string kind)
    {
        var results = registry.Counter(
            $"{prefix}_operations_total",
            "Number of ended operations on extension objects by kind, operation and result. One that fails and is tried again counts each time.",
            "kind", "operation", "result");
        var durations = registry.Histogram(
            $"{prefix}_operation_duration_seconds",
            "Seconds from gardenlet's request, its annotation gardener.cloud/timestamp, until the operation had succeeded, by kind and operation.",
            Seconds,
            "kind", "operation");
        foreach (var type in Types)
        {
            _durations[type] = durations.With(kind, type.ToString());
            foreach (var result in Enum.GetValues<OperationResult>())
            {
                _results[(type, result)] = results.With(kind, type.ToString(), NameOf(result));
            }
        }
    }

    /// <summary>An operation ended, or it takes too long.</summary>
    public void RecordResult(OperationType type, OperationResult result) => _results[(type, result)].Increment();

    /// <summary>An operation succeeded so long after it was asked for. A clock of the garden that is ahead counts as no time.</summary>
    public void ObserveDuration(OperationType type, TimeSpan duration) => _durations[type].Observe(Math.Max(0, duration.TotalSeconds));

    private static string NameOf(OperationResult result) => result switch
    {
        OperationResult.Succeeded => "succeeded",
        OperationResult.Failed => "failed",
        OperationResult.Rejected => "rejected",
        _ => "overdue",
    };
}

/// <summary>How an operation ended.</summary>
public enum OperationResult
{
    /// <summary>It is done.</summary>
    Succeeded,

    /// <summary>It failed and is tried again.</summary>
    Failed,

    /// <summary>What the object asks for is wrong; it is not tried again before somebody changes it.</summary>
    Rejected,

    /// <summary>It waits for longer than it should; the status became an error, and the waiting goes on.</summary>
    Overdue,
}
