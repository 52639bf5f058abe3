// SPDX-License-Identifier: Apache-2.0

using System.Globalization;
using System.Text;

namespace Measurement;

/// <summary>A Markdown page on several runs of the same measurement: tables of medians with goals and verdicts, and text between them.</summary>
/// <typeparam name="TRun">What one run has measured.</typeparam>
public sealed class ReportPage<TRun>(IReadOnlyList<TRun> runs)
{
    private readonly StringBuilder _text = new();

    public override string ToString() => _text.ToString();

    public void Line(FormattableString line) => _text.AppendLine(Text(line));

    /// <summary>Lines as they are.</summary>
    public void Append(string lines) => _text.Append(lines);

    /// <summary>Begins a table of goals.</summary>
    public void Goals()
    {
        Line($"| what | goal | median | every run | |");
        Line($"|---|---|---|---|---|");
    }

    /// <summary>A row of a table of goals: the median must not be less.</summary>
    public void AtLeast(FormattableString what, double goal, string unit, string format, Func<TRun, double> figure) =>
        Goal(what, $"≥ {Text(goal, unit, "0.##")}", unit, format, figure, MedianOf(figure) >= goal);

    /// <summary>A row of a table of goals: the median must not be more.</summary>
    public void AtMost(FormattableString what, double goal, string unit, string format, Func<TRun, double> figure) =>
        Goal(what, $"≤ {Text(goal, unit, "0.##")}", unit, format, figure, MedianOf(figure) <= goal);

    /// <summary>A row of a table of goals for what is the same in every run.</summary>
    public void AtMost(FormattableString what, double goal, string unit, string format, double figure) =>
        Goal(what, $"≤ {Text(goal, unit, "0.##")}", Text(figure, unit, format), "", figure <= goal);

    /// <summary>Begins a table without goals.</summary>
    public void Figures()
    {
        Line($"| what | median | every run |");
        Line($"|---|---|---|");
    }

    /// <summary>A row of a table without goals.</summary>
    public void Figure(FormattableString what, string unit, string format, Func<TRun, double> figure) =>
        Line($"| {Text(what)} | {Text(MedianOf(figure), unit, format)} | {Every(format, figure)} |");

    private void Goal(FormattableString what, string goal, string unit, string format, Func<TRun, double> figure, bool isMet) =>
        Goal(what, goal, Text(MedianOf(figure), unit, format), Every(format, figure), isMet);

    private void Goal(FormattableString what, string goal, string median, string every, bool isMet) =>
        Line($"| {Text(what)} | {goal} | {median} | {every} | {(isMet ? "met" : "**missed**")} |");

    private string Every(string format, Func<TRun, double> figure) => string.Join(", ", runs.Select(run => Text(figure(run), "", format)));

    private double MedianOf(Func<TRun, double> figure)
    {
        var ordered = runs.Select(figure).Order().ToList();
        return (ordered[(ordered.Count - 1) / 2] + ordered[ordered.Count / 2]) / 2;
    }

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);

    private static string Text(double value, string unit, string format) => value.ToString(format, CultureInfo.InvariantCulture) + unit;
}
