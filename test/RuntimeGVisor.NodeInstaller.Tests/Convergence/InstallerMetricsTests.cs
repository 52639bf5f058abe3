// SPDX-License-Identifier: Apache-2.0

using RuntimeGVisor.NodeInstaller.Convergence;

namespace RuntimeGVisor.NodeInstaller.Tests.Convergence;

public sealed class InstallerMetricsTests
{
    private static readonly StatusReport Report = new()
    {
        Ready = true,
        DesiredState = "Installed",
        InstallerVersion = "v1.2.3",
        Handler = "runsc",
        WorkerPool = "a",
        GVisorVersion = "release-1",
    };

    private readonly InstallerMetrics _metrics = new(new(Report, TimeProvider.System));

    [Fact]
    public void A_reconcile_counts_as_what_it_did()
    {
        _metrics.Succeeded(new() { Version = "release-1", ChangedFiles = true, Verified = true }, TimeSpan.FromSeconds(3.5));
        _metrics.Failed(FailureReason.SandboxFailed, TimeSpan.FromSeconds(2));

        _metrics.ToString().Split('\n').Should().Contain(
        [
            """gvisor_node_installer_info{version="v1.2.3",gvisor_version="release-1",handler="runsc",worker_pool="a"} 1""",
            "gvisor_node_installer_ready 1",
            "gvisor_node_installer_installs_total 1",
            "gvisor_node_installer_verifications_total 1",
            "gvisor_node_installer_last_install_duration_seconds 3.5",
            "gvisor_node_installer_reconcile_duration_seconds_count 2",
            "gvisor_node_installer_reconcile_duration_seconds_sum 5.5",
            "gvisor_node_installer_failures_total{reason=\"SandboxFailed\"} 1",
        ]);
    }

    [Fact]
    public void Every_reason_and_every_cause_has_a_series_from_the_start()
    {
        var lines = _metrics.ToString().Split('\n');

        lines.Count(line => line.StartsWith("gvisor_node_installer_failures_total{", StringComparison.Ordinal)).Should().Be(Enum.GetValues<FailureReason>().Length);
        lines.Count(line => line.StartsWith("gvisor_node_installer_repairs_total{", StringComparison.Ordinal)).Should().Be(Enum.GetValues<DriftCause>().Length);
    }
}
