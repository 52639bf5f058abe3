// SPDX-License-Identifier: Apache-2.0

using ControlPlane;
using RuntimeGVisor.NodeInstaller.Convergence;

namespace Integration.Tests.Monitoring;

/// <summary>The node installer's metrics, read by Prometheus' own checker. What they count is tested beside them.</summary>
public sealed class InstallerMetricsTests
{
    [Fact]
    public async Task Promtool_accepts_the_metrics_of_the_node_installer()
    {
        var report = new StatusReport
        {
            Ready = true,
            DesiredState = "Installed",
            InstallerVersion = "v1.2.3",
            Handler = "runsc",
            WorkerPool = "a",
            GVisorVersion = "release-1",
        };
        var metrics = new InstallerMetrics(new(report, TimeProvider.System));
        metrics.Restarted();
        metrics.Failed(Enum.GetValues<FailureReason>()[0], TimeSpan.FromSeconds(2));
        metrics.Succeeded(new() { Version = "release-1", ChangedFiles = true, Verified = true }, TimeSpan.FromSeconds(3.5));

        await Promtool.CheckMetricsAsync(metrics.ToString(), TestContext.Current.CancellationToken);
    }
}
