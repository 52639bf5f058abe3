// SPDX-License-Identifier: Apache-2.0

using System.Globalization;
using System.Text.Json.Nodes;
using ControlPlane;

namespace Integration.Tests.Monitoring;

/// <summary>What a real Prometheus scrapes: the names that Gardener's dashboards select, and all that this extension's own dashboard and alerts ask for.</summary>
public sealed class PrometheusTests(MonitoredController monitored) : IClassFixture<MonitoredController>
{
    private const string Chart = "charts/gardener-extension-runtime-gvisor";

    private static readonly double[] ReconcileSeconds =
    [
        0.005, 0.01, 0.025, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5, 0.6, 0.7, 0.8, 0.9, 1, 1.25, 1.5, 1.75, 2, 2.5, 3, 3.5, 4, 4.5,
        5, 6, 7, 8, 9, 10, 15, 20, 25, 30, 40, 50, 60, double.PositiveInfinity,
    ];

    private static readonly double[] QueueSeconds = [.. Enumerable.Range(-8, 12).Select(exponent => double.Parse($"1e{exponent}", CultureInfo.InvariantCulture)), double.PositiveInfinity];

    /// <summary>Metrics of Gardener's common dashboards with the labels by which they select (Gardener contract 6.5).</summary>
    public static TheoryData<string, string> SelectedByGardener() => new()
    {
        { "controller_runtime_reconcile_total", "controller,result" },
        { "controller_runtime_reconcile_errors_total", "controller" },
        { "controller_runtime_reconcile_timeouts_total", "controller" },
        { "controller_runtime_reconcile_time_seconds_bucket", "controller,le" },
        { "controller_runtime_reconcile_time_seconds_sum", "controller" },
        { "controller_runtime_reconcile_time_seconds_count", "controller" },
        { "controller_runtime_max_concurrent_reconciles", "controller" },
        { "controller_runtime_active_workers", "controller" },
        { "workqueue_depth", "controller,name,priority" },
        { "workqueue_adds_total", "controller,name" },
        { "workqueue_retries_total", "controller,name" },
        { "workqueue_queue_duration_seconds_bucket", "controller,le,name" },
        { "workqueue_work_duration_seconds_bucket", "controller,le,name" },
        { "workqueue_unfinished_work_seconds", "controller,name" },
        { "workqueue_longest_running_processor_seconds", "controller,name" },
        { "rest_client_requests_total", "code,host,method" },
    };

    [Theory]
    [MemberData(nameof(SelectedByGardener))]
    public async Task Metrics_of_Gardeners_dashboards_have_their_labels(string metric, string labels)
    {
        var series = await monitored.QueryAsync(metric);

        series.Should().NotBeEmpty();
        foreach (var labelled in series)
        {
            // The rest comes from Prometheus and its configuration.
            var names = labelled!["metric"]!.AsObject().Select(label => label.Key).Except(["__name__", "job", "instance", "pod", "namespace"]);
            names.Order(StringComparer.Ordinal).Should().Equal(labels.Split(','));
        }
    }

    [Fact]
    public async Task Results_are_there_from_the_start_and_buckets_are_those_of_controller_runtime()
    {
        (await ValuesAsync("controller_runtime_reconcile_total{controller=\"containerruntime\"}", "result"))
            .Should().BeEquivalentTo("success", "error", "requeue", "requeue_after");
        (await ValuesAsync("controller_runtime_reconcile_total", "controller")).Distinct().Should()
            .BeEquivalentTo("containerruntime", "containerruntime-health", "containerruntime-undecodable");
        await HasBucketsAsync("controller_runtime_reconcile_time_seconds_bucket{controller=\"containerruntime\"}", ReconcileSeconds);
        await HasBucketsAsync("workqueue_queue_duration_seconds_bucket{name=\"containerruntime\"}", QueueSeconds);
        await HasBucketsAsync("workqueue_work_duration_seconds_bucket{name=\"containerruntime\"}", QueueSeconds);
    }

    [Fact]
    public async Task Promtool_has_nothing_to_say_against_the_metrics() =>
        await Promtool.CheckMetricsAsync(await monitored.ReadMetricsAsync(), TestContext.Current.CancellationToken);

    public static TheoryData<string, string> DashboardQueries()
    {
        var queries = new TheoryData<string, string>();
        foreach (var panel in Dashboard()["panels"]!.AsArray())
        {
            foreach (var target in panel!["targets"]?.AsArray() ?? [])
            {
                queries.Add((string)panel["title"]!, (string)target!["expr"]!);
            }
        }

        return queries;
    }

    [Theory]
    [MemberData(nameof(DashboardQueries))]
    public async Task Every_query_of_the_dashboard_names_metrics_that_exist_and_gives_series(string panel, string query)
    {
        await NamesWhatExistsAsync(query);

        var expression = query
            .Replace("$__rate_interval", "1m", StringComparison.Ordinal)
            .Replace("$job", PrometheusServer.Job, StringComparison.Ordinal);
        expression.Should().NotContain("$", "nothing but these variables is set");
        (await monitored.QueryAsync(expression)).Should().NotBeEmpty($"the panel '{panel}' should show something");
    }

    [Fact]
    public async Task Every_alert_is_evaluated_without_error()
    {
        var alerts = await Eventually.GetAsync(
            "evaluation of all alerts", monitored.Prometheus.AlertsAsync, rules => rules.All(rule => (string?)rule["health"] is "ok" or "err"));

        alerts.Select(alert => (string?)alert["health"]).Should().Equal("ok", "ok");
    }

    [Fact]
    public async Task The_extensions_own_metrics_tell_what_has_happened()
    {
        (await ValueAsync("sum(gvisor_extension_objects)")).Should().BeGreaterThanOrEqualTo(1);
        (await ValueAsync("sum(gvisor_operations_total{operation=\"Create\",result=\"succeeded\"})")).Should().BeGreaterThanOrEqualTo(2);
        (await ValueAsync("sum(gvisor_operations_total{operation=\"Delete\",result=\"succeeded\"})")).Should().BeGreaterThanOrEqualTo(1);
        (await ValueAsync("sum(gvisor_managedresources{condition=\"healthy\",status=\"true\"})")).Should().BeGreaterThanOrEqualTo(2);
        (await ValueAsync("sum(gvisor_operation_duration_seconds_count{operation=\"Create\"})")).Should().BeGreaterThanOrEqualTo(2);
        (await ValueAsync("time() - max(gvisor_heartbeat_renewed_timestamp_seconds)")).Should().BeInRange(-5, 120);
    }

    [Fact]
    public async Task No_series_carries_a_namespace_or_an_object()
    {
        var metrics = await monitored.ReadMetricsAsync();

        metrics.Should().NotContain("shoot--").And.NotContain("gvisor-a");
    }

    private static JsonNode Dashboard() => JsonNode.Parse(File.ReadAllText(Path.Combine(Repository.Root, Chart, "dashboards", "gvisor.json")))!;

    private async Task NamesWhatExistsAsync(string expression)
    {
        var names = PromQl.MetricsOf(expression);
        names.Should().NotBeEmpty(expression);
        await Eventually.GetAsync($"metrics of {expression}", monitored.Prometheus.MetricNamesAsync, names.IsSubsetOf);
    }

    private async Task<double> ValueAsync(string expression) =>
        double.Parse((string)(await monitored.QueryAsync(expression)).Should().ContainSingle(expression).Which!["value"]![1]!, CultureInfo.InvariantCulture);

    private async Task<IEnumerable<string>> ValuesAsync(string expression, string label) =>
        (await monitored.QueryAsync(expression)).Select(series => (string)series!["metric"]![label]!);

    private async Task HasBucketsAsync(string expression, double[] bounds) =>
        (await ValuesAsync(expression, "le")).Select(bound => bound == "+Inf" ? double.PositiveInfinity : double.Parse(bound, CultureInfo.InvariantCulture))
            .Order().Should().Equal(bounds);
}
