// SPDX-License-Identifier: Apache-2.0

using System.Diagnostics;
using System.Text;

namespace NodeTestBed;

/// <summary>A program that ran to its end.</summary>
public sealed record CommandResult(string CommandLine, int ExitCode, string Output, string Error)
{
    /// <summary>Everything that helps to understand a failure.</summary>
    public override string ToString() => $"{CommandLine}: exit code {ExitCode}\n{Output}\n{Error}";

    public CommandResult EnsureSuccess() => ExitCode == 0 ? this : throw new InvalidOperationException(ToString());
}

/// <summary>A program that was started on the machine or in the node.</summary>
public sealed class Command : IDisposable
{
    private readonly string _commandLine;
    private readonly Process _process;
    private readonly StringBuilder _output = new();
    private readonly StringBuilder _error = new();

    private Command(string file, IEnumerable<string> arguments, IReadOnlyDictionary<string, string?> environment)
    {
        var start = new ProcessStartInfo(file, arguments)
        {
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (var (name, value) in environment)
        {
            start.Environment[name] = value;
        }

        _commandLine = $"{file} {string.Join(' ', start.ArgumentList)}";
        _process = Process.Start(start) ?? throw new InvalidOperationException($"cannot start {_commandLine}");
        _process.StandardInput.Close();
        _process.OutputDataReceived += (_, line) => Append(_output, line.Data);
        _process.ErrorDataReceived += (_, line) => Append(_error, line.Data);
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
    }

    /// <summary>What it printed so far, and whether it still runs.</summary>
    public override string ToString() =>
        $"{_commandLine}: {(_process.HasExited ? $"exit code {_process.ExitCode}" : "still running")}\n{Text(_output)}\n{Text(_error)}";

    /// <param name="file">The program.</param>
    /// <param name="arguments">Its arguments.</param>
    /// <param name="environment">Variables that it gets beside those of this process, or null for those that it shall not have.</param>
    public static Command Start(string file, IEnumerable<string> arguments, IReadOnlyDictionary<string, string?>? environment = null) =>
        new(file, arguments, environment ?? new Dictionary<string, string?>());

    public static async Task<CommandResult> RunAsync(
        string file, IEnumerable<string> arguments, TimeSpan? timeout = null, IReadOnlyDictionary<string, string?>? environment = null)
    {
        using var command = Start(file, arguments, environment);
        return await command.WaitAsync(timeout ?? TimeSpan.FromMinutes(1));
    }

    /// <summary>Waits for its end.</summary>
    public async Task<CommandResult> WaitAsync(TimeSpan timeout)
    {
        using var deadline = new CancellationTokenSource(timeout, TimeProvider.System);
        try
        {
            await _process.WaitForExitAsync(deadline.Token);
        }
        catch (OperationCanceledException exception)
        {
            throw new TimeoutException($"not finished after {timeout.TotalSeconds} s: {this}", exception);
        }

        return new(_commandLine, _process.ExitCode, Text(_output), Text(_error));
    }

    public void Dispose()
    {
        if (!_process.HasExited)
        {
            _process.Kill(entireProcessTree: true);
        }

        _process.Dispose();
    }

    private static string Text(StringBuilder text)
    {
        lock (text)
        {
            return text.ToString();
        }
    }

    private static void Append(StringBuilder text, string? line)
    {
        if (line is not null)
        {
            lock (text)
            {
                text.Append(line).Append('\n');
            }
        }
    }
}
