// SPDX-License-Identifier: Apache-2.0

using Hosting.Metrics;

namespace Kubernetes.Controllers.Reconciling;

/// <summary>The metrics of a controller under controller-runtime's names (its pkg/internal/controller/metrics/metrics.go).</summary>
internal sealed class ControllerMetrics
{
    private static readonly double[] Seconds =
    [
        0.005, 0.01, 0.025, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0, 1.25, 1.5, 1.75, 2.0, 2.5, 3.0, 3.5,
        4.0, 4.5, 5, 6, 7, 8, 9, 10, 15, 20, 25, 30, 40, 50, 60,
    ];

    public ControllerMetrics(MetricRegistry registry, string controller, int workers)
    {
        var total = registry.Counter("controller_runtime_reconcile_total", "Total number of reconciliations per controller", "controller", "result");
        Success = total.With(controller, "success");
        Error = total.With(controller, "error");

        // Dashboards expect it. It stays 0: nothing here asks for an immediate, rate-limited requeue without an error.
        _ = total.With(controller, "requeue");
        RequeueAfter = total.With(controller, "requeue_after");
        Errors = registry.Counter(
            "controller_runtime_reconcile_errors_total", "Total number of reconciliation errors per controller", "controller").With(controller);
        TerminalErrors = registry.Counter(
            "controller_runtime_terminal_reconcile_errors_total", "Total number of terminal reconciliation errors per controller", "controller").With(controller);

        // Stays 0: .NET has no panics apart from exceptions, which are errors.
        _ = registry.Counter(
            "controller_runtime_reconcile_panics_total", "Total number of reconciliation panics per controller", "controller").With(controller);
        Timeouts = registry.Counter(
            "controller_runtime_reconcile_timeouts_total", "Total number of reconciliation timeouts per controller", "controller").With(controller);
        Time = registry.Histogram(
            "controller_runtime_reconcile_time_seconds", "Length of time per reconciliation per controller", Seconds, "controller").With(controller);
        ActiveWorkers = registry.Gauge(
            "controller_runtime_active_workers", "Number of currently used workers per controller", "controller").With(controller);
        registry.Gauge(
            "controller_runtime_max_concurrent_reconciles", "Maximum number of concurrent reconciles per controller", "controller").With(controller).Set(workers);
    }

    public Counter Success { get; }

    public Counter Error { get; }

    public Counter RequeueAfter { get; }

    public Counter Errors { get; }

    public Counter TerminalErrors { get; }

    public Counter Timeouts { get; }

    public Histogram Time { get; }

    public Gauge ActiveWorkers { get; }
}
