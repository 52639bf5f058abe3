// SPDX-License-Identifier: Apache-2.0

using System.Globalization;
using Hosting.Metrics;

namespace Kubernetes.Controllers.Queueing;

/// <summary>The metrics of a work queue under controller-runtime's names (its pkg/internal/metrics/workqueue.go).</summary>
internal sealed class WorkQueueMetrics
{
    private static readonly double[] Seconds = [1e-8, 1e-7, 1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 1e-1, 1, 10, 100, 1000];

    private readonly MetricFamily<Gauge> _depth;
    private readonly Dictionary<int, Gauge> _depthByPriority = [];
    private readonly string _name;

    public WorkQueueMetrics(MetricRegistry registry, string name)
    {
        _name = name;
        _depth = registry.Gauge("workqueue_depth", "Current depth of workqueue by workqueue and priority", "name", "controller", "priority");
        Depth(0).Set(0);
        Adds = registry.Counter("workqueue_adds_total", "Total number of adds handled by workqueue", "name", "controller").With(name, name);
        Retries = registry.Counter("workqueue_retries_total", "Total number of retries handled by workqueue", "name", "controller").With(name, name);
        QueueDuration = registry.Histogram(
            "workqueue_queue_duration_seconds", "How long in seconds an item stays in workqueue before being requested", Seconds, "name", "controller").With(name, name);
        WorkDuration = registry.Histogram(
            "workqueue_work_duration_seconds", "How long in seconds processing an item from workqueue takes.", Seconds, "name", "controller").With(name, name);
        UnfinishedWork = registry.Gauge(
            "workqueue_unfinished_work_seconds",
            "How many seconds of work has been done that is in progress and hasn't been observed by work_duration. Large values indicate stuck threads.",
            "name", "controller").With(name, name);
        LongestRunning = registry.Gauge(
            "workqueue_longest_running_processor_seconds", "How many seconds has the longest running processor for workqueue been running.",
            "name", "controller").With(name, name);
    }

    public Counter Adds { get; }

    public Counter Retries { get; }

    public Histogram QueueDuration { get; }

    public Histogram WorkDuration { get; }

    public Gauge UnfinishedWork { get; }

    public Gauge LongestRunning { get; }

    /// <summary>Called under the queue's lock.</summary>
    public Gauge Depth(int priority)
    {
        if (!_depthByPriority.TryGetValue(priority, out var gauge))
        {
            gauge = _depth.With(_name, _name, priority.ToString(CultureInfo.InvariantCulture));
            _depthByPriority.Add(priority, gauge);
        }

        return gauge;
    }
}
