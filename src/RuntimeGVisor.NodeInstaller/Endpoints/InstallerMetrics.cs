// SPDX-License-Identifier: Apache-2.0

using System.Globalization;
using System.Text;
using RuntimeGVisor.NodeInstaller.Convergence;

namespace RuntimeGVisor.NodeInstaller.Endpoints;

/// <summary>What the installer counts, in Prometheus's text format. Every series exists from the start, so that a rate has a beginning.</summary>
internal sealed class InstallerMetrics
{
    private const string Prefix = "gvisor_node_installer_";

    private readonly Lock _lock = new();
    private readonly Dictionary<FailureReason, long> _failures = Enum.GetValues<FailureReason>().ToDictionary(reason => reason, _ => 0L);
    private readonly Dictionary<DriftCause, long> _repairs = Enum.GetValues<DriftCause>().ToDictionary(cause => cause, _ => 0L);
    private long _installs;
    private long _proofs;
    private long _restarts;
    private long _passes;
    private TimeSpan _passTime;
    private TimeSpan _lastInstall;

    public void Restarted()
    {
        lock (_lock)
        {
            _restarts++;
        }
    }

    public void Failed(FailureReason reason, TimeSpan duration)
    {
        lock (_lock)
        {
            _failures[reason]++;
            CountPass(duration);
        }
    }

    public void Succeeded(PassResult result, TimeSpan duration)
    {
        lock (_lock)
        {
            CountPass(duration);
            foreach (var drift in result.Drift)
            {
                _repairs[drift.Cause]++;
            }

            if (result.Proved)
            {
                _proofs++;
            }

            if (result is { ChangedFiles: true, Drift.Count: 0 })
            {
                _installs++;
                _lastInstall = duration;
            }
        }
    }

    /// <summary>Writes everything.</summary>
    public string Render(StatusReport report)
    {
        var text = new StringBuilder();
        lock (_lock)
        {
            Write("info", "gauge", "What is installed, as labels.", (Labels(report), 1));
            Write("ready", "gauge", "1 while the node is in the wanted state and that is proven.", ("", report.Ready ? 1 : 0));
            Write("installs_total", "counter", "Passes that installed, changed or removed something on purpose.", ("", _installs));
            Write("proofs_total", "counter", "Sandboxes started for proof with success.", ("", _proofs));
            Write("containerd_restarts_total", "counter", "Restarts of containerd by this installer.", ("", _restarts));
            Write("last_install_duration_seconds", "gauge", "Time that the last install took.", ("", _lastInstall.TotalSeconds));
            Write("passes_total", "counter", "Passes over the node.", ("", _passes));
            Write("pass_duration_seconds_total", "counter", "Time spent in passes.", ("", _passTime.TotalSeconds));
            Write("repairs_total", "counter", "Changes by others that were put back.", [.. _repairs.Select(pair => ($"cause=\"{pair.Key}\"", (double)pair.Value))]);
            Write("failures_total", "counter", "Failed passes.", [.. _failures.Select(pair => ($"reason=\"{pair.Key}\"", (double)pair.Value))]);
        }

        return text.ToString();

        void Write(string name, string type, string help, params (string Labels, double Value)[] series)
        {
            text.Append($"# HELP {Prefix}{name} {help}\n# TYPE {Prefix}{name} {type}\n");
            foreach (var (labels, value) in series)
            {
                var braces = labels.Length > 0 ? $"{{{labels}}}" : "";
                text.Append($"{Prefix}{name}{braces} {value.ToString(CultureInfo.InvariantCulture)}\n");
            }
        }
    }

    private static string Labels(StatusReport report) =>
        $"version=\"{report.InstallerVersion}\",gvisor_version=\"{report.GVisorVersion}\",handler=\"{report.Handler}\",worker_pool=\"{report.WorkerPool}\"";

    private void CountPass(TimeSpan duration)
    {
        _passes++;
        _passTime += duration;
    }
}
