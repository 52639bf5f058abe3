// SPDX-License-Identifier: Apache-2.0

using System.Globalization;

namespace EndToEnd.Tests;

/// <summary>
/// The story as a person reads it: what happens, what was seen, how long it took. Several stories may be told at once, so every line names
/// its own. With DEMO=1 it is told slowly.
/// </summary>
internal sealed class StoryLog(string name)
{
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(4);

    private readonly long _started = TimeProvider.System.GetTimestamp();
    private int _steps;

    /// <summary>Whether a person watches.</summary>
    public static bool IsDemo { get; } = Environment.GetEnvironmentVariable("DEMO") == "1";

    /// <summary>A step begins.</summary>
    public async Task BeginAsync(string title)
    {
        Write("");
        Write($"{(++_steps).ToString(CultureInfo.InvariantCulture),2}. {Emphasise(title)}");
        await PauseAsync(Pause / 4);
    }

    /// <summary>Something was seen.</summary>
    public void Say(string text) => Write($"      {text}");

    /// <summary>What a person would type, and what they would see.</summary>
    public void Show(string command, string output)
    {
        Say($"$ {command}");
        foreach (var line in output.TrimEnd().Split('\n'))
        {
            Say($"  {line}");
        }
    }

    /// <summary>A step is over.</summary>
    public async Task EndAsync(bool succeeded, TimeSpan duration)
    {
        Write(string.Create(CultureInfo.InvariantCulture, $"    {(succeeded ? "done" : "FAILED")} after {duration.TotalSeconds:0.0} s"));
        await PauseAsync(Pause);
    }

    private static string Emphasise(string text) => IsDemo && !Console.IsOutputRedirected ? $"\u001b[1m{text}\u001b[0m" : text;

    private static Task PauseAsync(TimeSpan time) =>
        IsDemo ? Task.Delay(time, TimeProvider.System, TestContext.Current.CancellationToken) : Task.CompletedTask;

    private void Write(string line) => Console.WriteLine(
        IsDemo ? line : string.Create(CultureInfo.InvariantCulture, $"[{name} {TimeProvider.System.GetElapsedTime(_started).TotalSeconds,5:0.0} s] {line}"));
}
