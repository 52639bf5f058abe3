// SPDX-License-Identifier: Apache-2.0

namespace Hosting.Metrics;

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
