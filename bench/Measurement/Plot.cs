// SPDX-License-Identifier: Apache-2.0

using System.Globalization;
using System.Text;

namespace Measurement;

/// <summary>A line of a plot.</summary>
/// <param name="Name">What it shows.</param>
/// <param name="Points">Its points, from left to right.</param>
public sealed record Series(string Name, IReadOnlyList<(double X, double Y)> Points);

/// <summary>Lines over a logarithmic axis, as an SVG image that reads well on a light and on a dark page.</summary>
public static class Plot
{
    private const double Width = 640;
    private const double Height = 320;
    private const double Left = 60;
    private const double Right = 20;
    private const double Top = 40;
    private const double Bottom = 50;

    private static readonly string[] Colors = ["#0b79d0", "#e07000", "#2a9d4a"];

    /// <param name="title">What is shown, with the unit.</param>
    /// <param name="axis">What grows from left to right.</param>
    /// <param name="series">The lines; their vertical axis begins at zero.</param>
    public static string Draw(string title, string axis, params IReadOnlyList<Series> series)
    {
        var xs = series.SelectMany(line => line.Points).Select(point => point.X).Distinct().Order().ToList();
        var highest = series.SelectMany(line => line.Points).Max(point => point.Y);
        var step = StepFor(highest);
        var top = Math.Max(step, Math.Ceiling(highest / step) * step);
        var image = new StringBuilder();
        Add($"""<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {Width} {Height}" font-family="sans-serif" font-size="12" fill="#808080">""");
        Add($"""<text x="{Left}" y="20" font-size="14">{title}</text>""");
        for (var y = 0.0; y <= top; y += step)
        {
            Add($"""<line x1="{Left}" y1="{Y(y):0.0}" x2="{Width - Right}" y2="{Y(y):0.0}" stroke="#808080" stroke-opacity="0.3"/>""");
            Add($"""<text x="{Left - 8}" y="{Y(y) + 4:0.0}" text-anchor="end">{y:0.##}</text>""");
        }

        foreach (var x in xs)
        {
            Add($"""<text x="{X(x):0.0}" y="{Height - Bottom + 18}" text-anchor="middle">{x}</text>""");
        }

        Add($"""<text x="{(Left + Width - Right) / 2}" y="{Height - 10}" text-anchor="middle">{axis}</text>""");
        foreach (var (line, index) in series.Select((line, index) => (line, index)))
        {
            var color = Colors[index % Colors.Length];
            var points = string.Join(' ', line.Points.Select(point => Text($"{X(point.X):0.0},{Y(point.Y):0.0}")));
            Add($"""<polyline points="{points}" fill="none" stroke="{color}" stroke-width="2"/>""");
            foreach (var point in line.Points)
            {
                Add($"""<circle cx="{X(point.X):0.0}" cy="{Y(point.Y):0.0}" r="3" fill="{color}"/>""");
            }

            Add($"""<text x="{Left + 8}" y="{Top + 12 + (index * 16)}" fill="{color}">{line.Name}</text>""");
        }

        Add($"</svg>");
        return image.ToString();

        void Add(FormattableString element) => image.Append(Text(element)).Append('\n');

        double X(double x) => xs.Count < 2
            ? Left
            : Left + ((Width - Left - Right) * Math.Log(x / xs[0]) / Math.Log(xs[^1] / xs[0]));

        double Y(double y) => Height - Bottom - ((Height - Top - Bottom) * y / top);
    }

    /// <summary>1, 2 or 5 times a power of ten, so that there are no more than six lines.</summary>
    private static double StepFor(double highest)
    {
        var power = Math.Pow(10, Math.Floor(Math.Log10(Math.Max(highest, 1e-3) / 5)));
        return new[] { 1, 2, 5, 10 }.Select(factor => factor * power).First(step => highest / step <= 6);
    }

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
