// SPDX-License-Identifier: Apache-2.0

using Hosting.Metrics;

namespace Hosting.Tests.Metrics;

public sealed class MetricRegistryTests
{
    private readonly MetricRegistry _registry = new();

    [Fact]
    public void The_text_is_what_Prometheus_reads()
    {
        _registry.Counter("b_total", "Counts \\ things\nof a kind.", "kind").With("a\"\\\n").Increment();
        _registry.Gauge("a", "Is measured.").With().Set(-0.5);
        var histogram = _registry.Histogram("c_seconds", "Takes time.", [0.25, 1], "l").With("x");
        histogram.Observe(0.25);
        histogram.Observe(0.75);
        histogram.Observe(40);

        _registry.ToString().Should().Be(
            """
            # HELP a Is measured.
            # TYPE a gauge
            a -0.5
            # HELP b_total Counts \\ things\nof a kind.
            # TYPE b_total counter
            b_total{kind="a\"\\\n"} 1
            # HELP c_seconds Takes time.
            # TYPE c_seconds histogram
            c_seconds_bucket{l="x",le="0.25"} 1
            c_seconds_bucket{l="x",le="1"} 2
            c_seconds_bucket{l="x",le="+Inf"} 3
            c_seconds_sum{l="x"} 41
            c_seconds_count{l="x"} 3

            """.ReplaceLineEndings("\n"));
    }

    [Fact]
    public void The_same_name_gives_the_same_metric()
    {
        _registry.Counter("a_total", "", "l").With("x").Increment();
        _registry.Counter("a_total", "", "l").With("x").Increment();

        _registry.ToString().Should().Contain("a_total{l=\"x\"} 2\n");
    }

    [Fact]
    public void The_same_name_with_another_type_or_other_labels_is_a_mistake()
    {
        _registry.Counter("a", "", "l");

        FluentActions.Invoking(() => _registry.Gauge("a", "", "l")).Should().Throw<InvalidOperationException>();
        FluentActions.Invoking(() => _registry.Counter("a", "", "m")).Should().Throw<InvalidOperationException>();
        FluentActions.Invoking(() => _registry.Counter("a", "", "l").With()).Should().Throw<ArgumentException>();
    }

    [Fact]
    public void A_family_without_values_is_not_mentioned()
    {
        _registry.Counter("a_total", "", "l");

        _registry.ToString().Should().BeEmpty();
    }

    [Fact]
    public void Concurrent_changes_are_all_counted()
    {
        var counter = _registry.Counter("a_total", "").With();
        var gauge = _registry.Gauge("b", "").With();
        var histogram = _registry.Histogram("c", "", [1]).With();

        Parallel.For(0, 10_000, _ =>
        {
            counter.Increment();
            gauge.Add(0.5);
            histogram.Observe(2);
        });

        (counter.Value, gauge.Value, histogram.Count).Should().Be((10_000, 5_000, 10_000));
    }

    [Fact]
    public void Gauges_can_be_set_together_right_before_they_are_read()
    {
        var registry = new MetricRegistry();
        var family = registry.Gauge("things", "Things.", "size");
        var reads = 0;
        registry.OnCollect(() =>
        {
            reads++;
            family.With("small").Set(reads);
            family.With("large").Set(10 * reads);
        });

        registry.ToString().Should().Contain("things{size=\"large\"} 10\nthings{size=\"small\"} 1\n");
        registry.ToString().Should().Contain("things{size=\"large\"} 20\nthings{size=\"small\"} 2\n");
    }

    [Fact]
    public void A_process_tells_its_time_its_memory_and_its_files()
    {
        var registry = new MetricRegistry();
        ProcessMetrics.Register(registry, TimeProvider.System);

        var text = registry.ToString();

        text.Should().Contain("# TYPE process_cpu_seconds_total counter\nprocess_cpu_seconds_total ").And.MatchRegex("(?m)^process_open_fds [1-9]")
            .And.MatchRegex("(?m)^process_resident_memory_bytes [1-9]").And.MatchRegex("(?m)^process_start_time_seconds 1[0-9]{9}");
    }
}
