// SPDX-License-Identifier: Apache-2.0

namespace Hosting.Metrics;

/// <summary>A value that only grows.</summary>
public sealed class Counter : Metric
{
    private long _value;
    private Func<double>? _read;

    internal Counter()
    {
    }

    /// <summary>The value.</summary>
    public long Value => Interlocked.Read(ref _value);

    /// <summary>Adds one.</summary>
    public void Increment() => Interlocked.Increment(ref _value);

    /// <summary>From now on the value is computed whenever the metrics are read.</summary>
    public void Compute(Func<double> read) => _read = read;

    internal override void Write(TextFormatWriter writer, string name, string labels) => writer.Sample(name, "", labels, _read?.Invoke() ?? Value);
}
