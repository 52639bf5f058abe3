// SPDX-License-Identifier: Apache-2.0

using RuntimeGVisor.NodeInstaller.Convergence;
using RuntimeGVisor.NodeInstaller.Endpoints;

namespace RuntimeGVisor.NodeInstaller.Tests.Endpoints;

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

    private readonly InstallerMetrics _metrics = new();

    [Fact]
    public void A_pass_counts_as_what_it_did()
    {
        _metrics.Succeeded(new PassResult("release-1", [], ChangedFiles: true, Restarted: false, Proved: true, []), TimeSpan.FromSeconds(3.5));
        _metrics.Failed(Enum.GetValues<FailureReason>()[0], TimeSpan.FromSeconds(2));

        _metrics.Render(Report).Split('\n').Where(line => line.Length > 0 && line[0] != '#' && !line.EndsWith(" 0", StringComparison.Ordinal)).Should().Equal(
            """gvisor_node_installer_info{version="v1.2.3",gvisor_version="release-1",handler="runsc",worker_pool="a"} 1""",
            "gvisor_node_installer_ready 1",
            "gvisor_node_installer_installs_total 1",
            "gvisor_node_installer_proofs_total 1",
            "gvisor_node_installer_last_install_duration_seconds 3.5",
            "gvisor_node_installer_passes_total 2",
            "gvisor_node_installer_pass_duration_seconds_total 5.5",
            $"gvisor_node_installer_failures_total{{reason=\"{Enum.GetValues<FailureReason>()[0]}\"}} 1");
    }

    [Fact]
    public void Every_reason_and_every_cause_has_a_series_from_the_start()
    {
        var lines = _metrics.Render(Report).Split('\n');

        lines.Count(line => line.StartsWith("gvisor_node_installer_failures_total{", StringComparison.Ordinal)).Should().Be(Enum.GetValues<FailureReason>().Length);
        lines.Count(line => line.StartsWith("gvisor_node_installer_repairs_total{", StringComparison.Ordinal)).Should().Be(Enum.GetValues<DriftCause>().Length);
    }
}
