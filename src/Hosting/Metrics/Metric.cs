// SPDX-License-Identifier: Apache-2.0

namespace Hosting.Metrics;

/// <summary>One value, or one distribution. Changing it never locks or allocates.</summary>
public abstract class Metric
{
    private protected Metric()
    {
    }

    internal abstract void Write(TextFormatWriter writer, string name, string labels);

    private protected static double Add(ref double location, double amount)
    {
        var current = Volatile.Read(ref location);
        while (true)
        {
            var sum = current + amount;
            var found = Interlocked.CompareExchange(ref location, sum, current);
            if (BitConverter.DoubleToInt64Bits(found) == BitConverter.DoubleToInt64Bits(current))
            {
                return sum;
            }

            current = found;
        }
    }
}

/// <summary>A value that only grows.</summary>
public sealed class Counter : Metric
{
    private long _value;

    internal Counter()
    {
    }

    /// <summary>The value.</summary>
    public long Value => Interlocked.Read(ref _value);

    /// <summary>Adds one.</summary>
    public void Increment() => Interlocked.Increment(ref _value);

    internal override void Write(TextFormatWriter writer, string name, string labels) => writer.Sample(name, "", labels, Value);
}

/// <summary>A value that goes up and down.</summary>
public sealed class Gauge : Metric
{
    private double _value;
    private Func<double>? _read;

    internal Gauge()
    {
    }

    /// <summary>The value.</summary>
    public double Value => _read is { } read ? read() : Volatile.Read(ref _value);

    /// <summary>Sets the value.</summary>
    public void Set(double value) => Volatile.Write(ref _value, value);

    /// <summary>Adds to the value; a negative amount takes away.</summary>
    public void Add(double amount) => Add(ref _value, amount);

    /// <summary>From now on the value is computed whenever the metrics are read.</summary>
    public void Compute(Func<double> read) => _read = read;

    internal override void Write(TextFormatWriter writer, string name, string labels) => writer.Sample(name, "", labels, Value);
}

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
