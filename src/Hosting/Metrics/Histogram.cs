// SPDX-License-Identifier: Apache-2.0

namespace Hosting.Metrics;

/// <summary>How often a measured value fell below each of some bounds.</summary>
public sealed class Histogram : Metric
{
    private readonly double[] _bounds;
    private readonly long[] _counts;
    private double _sum;

    internal Histogram(double[] bounds)
    {
        _bounds = bounds;
        _counts = new long[bounds.Length + 1];
    }

    /// <summary>How many values were measured.</summary>
    public long Count => _counts.Sum();

    /// <summary>Adds a measured value.</summary>
    public void Observe(double value)
    {
        var index = Array.BinarySearch(_bounds, value);
        Interlocked.Increment(ref _counts[index >= 0 ? index : ~index]);
        Add(ref _sum, value);
    }

    internal override void Write(TextFormatWriter writer, string name, string labels)
    {
        var separator = labels.Length == 0 ? "" : ",";
        var count = 0L;
        for (var i = 0; i < _counts.Length; i++)
        {
            count += Interlocked.Read(ref _counts[i]);
            var bound = i < _bounds.Length ? TextFormatWriter.Text(_bounds[i]) : "+Inf";
            writer.Sample(name, "_bucket", $"{labels}{separator}le=\"{bound}\"", count);
        }

        writer.Sample(name, "_sum", labels, Volatile.Read(ref _sum));
        writer.Sample(name, "_count", labels, count);
    }
}
