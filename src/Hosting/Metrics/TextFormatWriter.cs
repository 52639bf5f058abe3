// SPDX-License-Identifier: Apache-2.0

using System.Buffers;
using System.Globalization;
using System.Text;

namespace Hosting.Metrics;

/// <summary>Prometheus' text exposition format 0.0.4.</summary>
internal sealed class TextFormatWriter(IBufferWriter<byte> output)
{
    public static string Text(double value) => value switch
    {
        double.PositiveInfinity => "+Inf",
        double.NegativeInfinity => "-Inf",
        double.NaN => "NaN",
        _ => value.ToString("R", CultureInfo.InvariantCulture).Replace("E", "e", StringComparison.Ordinal),
    };

    public void Head(string name, string help, string type)
    {
        var escaped = help.Replace("\\", @"\\", StringComparison.Ordinal).Replace("\n", @"\n", StringComparison.Ordinal);
        Line($"# HELP {name} {escaped}\n# TYPE {name} {type}\n");
    }

    public void Sample(string name, string suffix, string labels, double value) =>
        Line(labels.Length == 0 ? $"{name}{suffix} {Text(value)}\n" : $"{name}{suffix}{{{labels}}} {Text(value)}\n");

    private void Line(string text) => Encoding.UTF8.GetBytes(text, output);
}
