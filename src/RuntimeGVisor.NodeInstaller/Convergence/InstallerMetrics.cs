// SPDX-License-Identifier: Apache-2.0

using Hosting.Metrics;

namespace RuntimeGVisor.NodeInstaller.Convergence;

/// <summary>What the installer counts. Every series exists from the start, so that a rate has a beginning.</summary>
internal sealed class InstallerMetrics
{
    private const string Prefix = "gvisor_node_installer_";

    private readonly MetricRegistry _registry = new();
    private readonly Dictionary<FailureReason, Counter> _failures;
    private readonly Dictionary<DriftCause, Counter> _repairs;
    private readonly Counter _installs;
    private readonly Counter _verifications;
    private readonly Counter _restarts;
    private readonly Gauge _lastInstall;
    private readonly Histogram _reconciles;

    public InstallerMetrics(InstallerStatus status)
    {
        _installs = Counter("installs_total", "Reconciles that installed, changed or removed something on purpose.");
        _verifications = Counter("verifications_total", "Sandboxes started for verification with success.");
        _restarts = Counter("containerd_restarts_total", "Restarts of containerd by this installer.");
        _lastInstall = Gauge("last_install_duration_seconds", "Time that the last install took.").With();
        _reconciles = _registry.Histogram(
            Prefix + "reconcile_duration_seconds", "Time that reconciles took.", [0.05, 0.1, 0.5, 1, 2, 5, 15, 60, 300]).With();
        var repairs = _registry.Counter(Prefix + "repairs_total", "Changes by others that were put back.", "cause");
        _repairs = Enum.GetValues<DriftCause>().ToDictionary(cause => cause, cause => repairs.With(cause.ToString()));
        var failures = _registry.Counter(Prefix + "failures_total", "Failed reconciles.", "reason");
        _failures = Enum.GetValues<FailureReason>().ToDictionary(reason => reason, reason => failures.With(reason.ToString()));
        Gauge("ready", "1 while the node is in the desired state and that is verified.").With().Compute(() => status.Report.Ready ? 1 : 0);
        var info = Gauge("info", "1 for what is on the node, as labels.", "version", "gvisor_version", "handler", "worker_pool");
        Gauge? shown = null;
        _registry.OnCollect(() =>
        {
            var report = status.Report;
            shown?.Set(0);
            shown = info.With(report.InstallerVersion, report.GVisorVersion, report.Handler, report.WorkerPool);
            shown.Set(1);
        });

        Counter Counter(string name, string help) => _registry.Counter(Prefix + name, help).With();

        MetricFamily<Gauge> Gauge(string name, string help, params ReadOnlySpan<string> labels) => _registry.Gauge(Prefix + name, help, labels);
    }

    public void Restarted() => _restarts.Increment();

    public void Failed(FailureReason reason, TimeSpan duration)
    {
        _failures[reason].Increment();
        _reconciles.Observe(duration.TotalSeconds);
    }

    public void Succeeded(ReconcileResult result, TimeSpan duration)
    {
        _reconciles.Observe(duration.TotalSeconds);
        foreach (var drift in result.Drift)
        {
            _repairs[drift.Cause].Increment();
        }

        if (result.Verified)
        {
            _verifications.Increment();
        }

        if (result is { ChangedFiles: true, Drift.Count: 0 })
        {
            _installs.Increment();
            _lastInstall.Set(duration.TotalSeconds);
        }
    }

    /// <summary>All metrics in Prometheus' text format.</summary>
    public override string ToString() => _registry.ToString();
}
