// SPDX-License-Identifier: Apache-2.0

namespace RuntimeGVisor.Controller.CommandLine;

/// <summary>Colors for a person at a terminal: none in a pipe or a file, and none where the variable NO_COLOR is set.</summary>
internal sealed class TerminalColors(bool areOn)
{
    public static TerminalColors For(TextWriter output) => new(
        ReferenceEquals(output, Console.Out)
        && !Console.IsOutputRedirected
        && string.IsNullOrEmpty(Environment.GetEnvironmentVariable("NO_COLOR"))
        && Environment.GetEnvironmentVariable("TERM") is not (null or "" or "dumb"));

    public string Bold(string text) => Paint("1", text);

    public string Red(string text) => Paint("31", text);

    public string Green(string text) => Paint("32", text);

    public string Yellow(string text) => Paint("33", text);

    public string Cyan(string text) => Paint("36", text);

    private string Paint(string code, string text) => areOn ? $"\e[{code}m{text}\e[0m" : text;
}
