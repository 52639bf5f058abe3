// SPDX-License-Identifier: Apache-2.0

using System.Text.Json.Nodes;
using ControlPlane;

namespace Integration.Tests.Monitoring;

/// <summary>The files of the chart, without a seed.</summary>
public sealed class AlertTests
{
    private static readonly string Chart = Path.Combine(Repository.Root, "charts", "gardener-extension-runtime-gvisor");

    [Fact]
    public async Task Promtool_accepts_the_alert_rules() =>
        (await Promtool.RunAsync(["check", "rules", Path.Combine(Chart, "alerts", "gvisor.yaml")], TestContext.Current.CancellationToken))
            .Should().Contain("SUCCESS: 2 rules found");

    [Fact]
    public async Task Every_alert_fires_when_it_should_and_only_then() =>
        (await Promtool.RunAsync(
            ["test", "rules", Path.Combine(Repository.Root, "test", "Integration.Tests", "Monitoring", "alerts.test.yaml")], TestContext.Current.CancellationToken))
            .Should().Contain("SUCCESS");

    /// <summary>What it federates of kube-state-metrics, of what those of a seed expose.</summary>
    [Fact]
    public void Alerts_ask_for_nothing_that_the_aggregate_Prometheus_does_not_have()
    {
        string[] federated = ["kube_deployment_status_replicas_available", "kube_pod_container_status_restarts_total"];
        var expressions = File.ReadLines(Path.Combine(Chart, "alerts", "gvisor.yaml")).Where(line => line.Contains('{', StringComparison.Ordinal) && !line.Contains("$labels", StringComparison.Ordinal));

        expressions.SelectMany(line => PromQl.MetricsOf(line.Trim())).Distinct().Should().BeEquivalentTo(federated);
    }

    [Fact]
    public void Panels_have_numbers_of_their_own_and_do_not_overlap()
    {
        var panels = JsonNode.Parse(File.ReadAllText(Path.Combine(Chart, "dashboards", "gvisor.json")))!["panels"]!.AsArray();

        panels.Select(panel => (int)panel!["id"]!).Should().OnlyHaveUniqueItems();
        panels.SelectMany(panel => Cells(panel!["gridPos"]!)).Should().OnlyHaveUniqueItems();

        static IEnumerable<(int X, int Y)> Cells(JsonNode position) =>
            from x in Enumerable.Range((int)position["x"]!, (int)position["w"]!)
            from y in Enumerable.Range((int)position["y"]!, (int)position["h"]!)
            select (x, y);
    }

    [Theory]
    [InlineData("sum by (a, b) (rate(x_total{y=\"z_total\"}[5m])) > 0", "x_total")]
    [InlineData("time() - max(a_seconds) > 180", "a_seconds")]
    [InlineData("histogram_quantile(0.95, sum by (le) (rate(b_bucket[1m]))) and sum(c) >= 3", "b_bucket,c")]
    [InlineData("absent(d)", "d")]
    [InlineData("e / on (pod) f > 1e3", "e,f")]
    public void Metrics_are_found_in_an_expression(string expression, string metrics) =>
        PromQl.MetricsOf(expression).Should().BeEquivalentTo(metrics.Split(','));
}
