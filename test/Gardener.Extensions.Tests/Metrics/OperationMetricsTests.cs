// SPDX-License-Identifier: Apache-2.0

using Gardener.Extensions.Api;
using Gardener.Extensions.Metrics;
using Hosting.Metrics;

namespace Gardener.Extensions.Tests.Metrics;

public sealed class OperationMetricsTests
{
    private readonly MetricRegistry _registry = new();
    private readonly OperationMetrics _metrics;

    public OperationMetricsTests() => _metrics = new OperationMetrics(_registry, "sample", "ContainerRuntime");

    [Fact]
    public void Every_series_is_there_from_the_start()
    {
        var lines = _registry.ToString().Split('\n');

        lines.Where(line => line.StartsWith("sample_operations_total{", StringComparison.Ordinal)).Should().HaveCount(5 * 4)
            .And.AllSatisfy(line => line.Should().EndWith(" 0"));
        lines.Where(line => line.StartsWith("sample_operation_duration_seconds_count{", StringComparison.Ordinal)).Should().HaveCount(5);
    }

    [Theory]
    [InlineData(OperationType.Create, OperationResult.Succeeded, """{kind="ContainerRuntime",operation="Create",result="succeeded"}""")]
    [InlineData(OperationType.Reconcile, OperationResult.Failed, """{kind="ContainerRuntime",operation="Reconcile",result="failed"}""")]
    [InlineData(OperationType.Restore, OperationResult.Rejected, """{kind="ContainerRuntime",operation="Restore",result="rejected"}""")]
    [InlineData(OperationType.Delete, OperationResult.Overdue, """{kind="ContainerRuntime",operation="Delete",result="overdue"}""")]
    public void An_operation_counts_under_what_it_was_and_how_it_ended(OperationType type, OperationResult result, string labels)
    {
        _metrics.RecordResult(type, result);

        _registry.ToString().Should().Contain($"sample_operations_total{labels} 1\n");
    }

    [Fact]
    public void A_clock_that_is_ahead_does_not_take_time_away()
    {
        _metrics.ObserveDuration(OperationType.Create, TimeSpan.FromSeconds(3));
        _metrics.ObserveDuration(OperationType.Create, TimeSpan.FromSeconds(-5));

        _registry.ToString().Should()
            .Contain("""sample_operation_duration_seconds_sum{kind="ContainerRuntime",operation="Create"} 3""")
            .And.Contain("""sample_operation_duration_seconds_bucket{kind="ContainerRuntime",operation="Create",le="0.1"} 1""")
            .And.Contain("""sample_operation_duration_seconds_bucket{kind="ContainerRuntime",operation="Create",le="5"} 2""");
    }
}
