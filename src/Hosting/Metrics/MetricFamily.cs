// SPDX-License-Identifier: Apache-2.0

using System.Text;

namespace Hosting.Metrics;

/// <summary>A metric's name, meaning, type and label names.</summary>
public abstract class MetricFamily
{
    private protected MetricFamily(string name, string help, string type, string[] labels)
    {
        Name = name;
        Help = help;
        Type = type;
        Labels = labels;
    }

    internal string Name { get; }

    internal string Help { get; }

    internal string Type { get; }

    internal string[] Labels { get; }

    internal abstract void Write(TextFormatWriter writer);
}

/// <summary>The metrics of one name, one for each combination of label values.</summary>
/// <typeparam name="TMetric">Counter, gauge or histogram.</typeparam>
public sealed class MetricFamily<TMetric> : MetricFamily
    where TMetric : Metric
{
    private readonly Func<TMetric> _create;
    private readonly Lock _lock = new();
    private readonly SortedDictionary<string, TMetric> _metrics = new(StringComparer.Ordinal);

    internal MetricFamily(string name, string help, string type, string[] labels, Func<TMetric> create)
        : base(name, help, type, labels) => _create = create;

    /// <summary>The metric with these label values, in the order of the label names; from now on it is exported, with 0 at first.</summary>
    /// <remarks>Keep the result: looking it up costs a string.</remarks>
    public TMetric With(params ReadOnlySpan<string> values)
    {
        if (values.Length != Labels.Length)
        {
            throw new ArgumentException($"The metric {Name} has the labels {string.Join(", ", Labels)}; got {values.Length} values.", nameof(values));
        }

        var labels = Render(values);
        lock (_lock)
        {
            if (!_metrics.TryGetValue(labels, out var metric))
            {
                metric = _create();
                _metrics.Add(labels, metric);
            }

            return metric;
        }
    }

    internal override void Write(TextFormatWriter writer)
    {
        KeyValuePair<string, TMetric>[] metrics;
        lock (_lock)
        {
            metrics = [.. _metrics];
        }

        if (metrics.Length == 0)
        {
            return;
        }

        writer.Head(Name, Help, Type);
        foreach (var (labels, metric) in metrics)
        {
            metric.Write(writer, Name, labels);
        }
    }

    /// <summary><c>name="value",…</c> without braces, values escaped.</summary>
    private string Render(ReadOnlySpan<string> values)
    {
        var text = new StringBuilder();
        for (var i = 0; i < values.Length; i++)
        {
            if (i > 0)
            {
                text.Append(',');
            }

            text.Append(Labels[i]).Append("=\"");
            foreach (var character in values[i])
            {
                _ = character switch
                {
                    '\\' => text.Append(@"\\"),
                    '"' => text.Append("\\\""),
                    '\n' => text.Append(@"\n"),
                    _ => text.Append(character),
                };
            }

            text.Append('"');
        }

        return text.ToString();
    }
}
