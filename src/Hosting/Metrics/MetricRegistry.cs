// SPDX-License-Identifier: Apache-2.0

using System.Buffers;
using System.Text;

namespace Hosting.Metrics;

/// <summary>The metrics of a program, written in Prometheus' text format.</summary>
/// <remarks>Names, labels and buckets appear exactly as given; dashboards of controller-runtime find theirs.</remarks>
public sealed class MetricRegistry
{
    private readonly Lock _lock = new();
    private readonly SortedDictionary<string, MetricFamily> _families = new(StringComparer.Ordinal);
    private readonly List<Action> _collectors = [];

    /// <summary>The media type of <see cref="Write"/>.</summary>
    public const string ContentType = "text/plain; version=0.0.4; charset=utf-8";

    /// <summary>A family of values that only grow. The same name gives the same family.</summary>
    public MetricFamily<Counter> Counter(string name, string help, params ReadOnlySpan<string> labels) =>
        Register(name, help, "counter", labels, static () => new Counter());

    /// <summary>A family of values that go up and down.</summary>
    public MetricFamily<Gauge> Gauge(string name, string help, params ReadOnlySpan<string> labels) =>
        Register(name, help, "gauge", labels, static () => new Gauge());

    /// <summary>A family of distributions.</summary>
    /// <param name="name">The metric's name.</param>
    /// <param name="help">What is measured.</param>
    /// <param name="buckets">Upper bounds, ascending, without +Inf.</param>
    /// <param name="labels">Names of the labels.</param>
    public MetricFamily<Histogram> Histogram(string name, string help, double[] buckets, params ReadOnlySpan<string> labels) =>
        Register(name, help, "histogram", labels, () => new Histogram(buckets));

    /// <summary>From now on this is called before the metrics are read: it sets gauges that one pass over the data computes together.</summary>
    public void OnCollect(Action collect)
    {
        lock (_lock)
        {
            _collectors.Add(collect);
        }
    }

    /// <summary>Writes all families, sorted by name.</summary>
    public void Write(IBufferWriter<byte> output)
    {
        Action[] collectors;
        MetricFamily[] families;
        lock (_lock)
        {
            collectors = [.. _collectors];
            families = [.. _families.Values];
        }

        foreach (var collect in collectors)
        {
            collect();
        }

        var writer = new TextFormatWriter(output);
        foreach (var family in families)
        {
            family.Write(writer);
        }
    }

    /// <summary>All metrics as text.</summary>
    public override string ToString()
    {
        var buffer = new ArrayBufferWriter<byte>();
        Write(buffer);
        return Encoding.UTF8.GetString(buffer.WrittenSpan);
    }

    private MetricFamily<TMetric> Register<TMetric>(string name, string help, string type, ReadOnlySpan<string> labels, Func<TMetric> create)
        where TMetric : Metric
    {
        lock (_lock)
        {
            if (!_families.TryGetValue(name, out var family))
            {
                family = new MetricFamily<TMetric>(name, help, type, [.. labels], create);
                _families.Add(name, family);
            }

            return family is MetricFamily<TMetric> same && labels.SequenceEqual(same.Labels)
                ? same
                : throw new InvalidOperationException($"The metric {name} is registered with another type or other labels.");
        }
    }
}
