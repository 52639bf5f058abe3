// SPDX-License-Identifier: Apache-2.0

using ControlPlane;
using RuntimeGVisor.NodeInstaller.Convergence;
using RuntimeGVisor.NodeInstaller.Endpoints;

namespace Integration.Tests.Monitoring;

/// <summary>The node installer's metrics, read by Prometheus' own checker. What they count is tested beside them.</summary>
public sealed class InstallerMetricsTests
{
    [Fact]
    public async Task Promtool_accepts_the_metrics_of_the_node_installer()
    {
        var metrics = new InstallerMetrics();
        metrics.Restarted();
        metrics.Failed(Enum.GetValues<FailureReason>()[0], TimeSpan.FromSeconds(2));
        metrics.Succeeded(new PassResult("release-1", [], ChangedFiles: true, Restarted: true, Proved: true, []), TimeSpan.FromSeconds(3.5));
        var report = new StatusReport
        {
            Ready = true,
            DesiredState = "Installed",
            InstallerVersion = "v1.2.3",
            Handler = "runsc",
            WorkerPool = "a",
            GVisorVersion = "release-1",
        };

        await Promtool.CheckMetricsAsync(metrics.Render(report), TestContext.Current.CancellationToken);
    }
}
