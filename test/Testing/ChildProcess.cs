// SPDX-License-Identifier: Apache-2.0

using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text;

namespace Testing;

/// <summary>A program that runs beside the test. Its output is kept, and it ends with the test whatever happens.</summary>
public sealed partial class ChildProcess : IAsyncDisposable
{
    private const int SigTerm = 15;
    private const int SigCont = 18;
    private const int SigStop = 19;

    private static readonly TimeSpan DefaultTimeout = TimeSpan.FromMinutes(1);

    private readonly Process _process = new();
    private readonly Lock _lock = new();
    private readonly StringBuilder _both = new();
    private readonly StringBuilder _standard = new();
    private readonly StringBuilder _error = new();
    private bool _isDisposed;

    private ChildProcess(string program, IEnumerable<string> arguments)
    {
        _process.StartInfo = new ProcessStartInfo(program, arguments)
        {
            UseShellExecute = false,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            RedirectStandardInput = true,
        };
        _process.OutputDataReceived += (_, line) => Keep(_standard, line.Data);
        _process.ErrorDataReceived += (_, line) => Keep(_error, line.Data);
    }

    public int Id => _process.Id;

    public bool HasExited => _process.HasExited;

    public int ExitCode => _process.ExitCode;

    /// <summary>What it has printed so far, both streams together.</summary>
    public string Output => Text(_both);

    private string CommandLine => $"{_process.StartInfo.FileName} {string.Join(' ', _process.StartInfo.ArgumentList)}";

    /// <summary>What it printed so far, and whether it still runs.</summary>
    public override string ToString() => $"{CommandLine}: {(HasExited ? $"exit code {ExitCode}" : "still running")}\n{Output}";

    /// <param name="command">Program and arguments.</param>
    /// <param name="environment">Variables that it gets beside those of this process, or null for those that it shall not have.</param>
    public static ChildProcess Start(IReadOnlyList<string> command, IEnumerable<KeyValuePair<string, string?>>? environment = null)
    {
        var child = new ChildProcess(command[0], command.Skip(1));
        foreach (var (name, value) in environment ?? [])
        {
            child._process.StartInfo.Environment[name] = value;
        }

        child._process.Start();
        child._process.BeginOutputReadLine();
        child._process.BeginErrorReadLine();
        child._process.StandardInput.Close();
        AppDomain.CurrentDomain.ProcessExit += child.OnProcessExit;
        return child;
    }

    /// <summary>Runs a program to its end; by default for a minute at most.</summary>
    public static async Task<CommandResult> RunAsync(
        IReadOnlyList<string> command,
        TimeSpan? timeout = null,
        IEnumerable<KeyValuePair<string, string?>>? environment = null,
        CancellationToken cancellationToken = default)
    {
        await using var child = Start(command, environment);
        return await child.EndAsync(timeout ?? DefaultTimeout, cancellationToken);
    }

    /// <summary>Runs a program to its end, which has to be a good one.</summary>
    /// <returns>What it printed, both streams together.</returns>
    public static async Task<string> GetOutputAsync(
        IReadOnlyList<string> command,
        IEnumerable<KeyValuePair<string, string?>>? environment,
        TimeSpan timeout,
        CancellationToken cancellationToken)
    {
        await using var child = Start(command, environment);
        (await child.EndAsync(timeout, cancellationToken)).EnsureSuccess();
        return child.Output;
    }

    /// <summary>Asks it to end (SIGTERM).</summary>
    public void Terminate() => _ = Signal(_process.Id, SigTerm);

    /// <summary>Does not let it run until <see cref="Continue"/> (SIGSTOP).</summary>
    public void Pause() => _ = Signal(_process.Id, SigStop);

    /// <summary>Lets it run again (SIGCONT).</summary>
    public void Continue() => _ = Signal(_process.Id, SigCont);

    /// <summary>Ends it and what it started without a chance to do anything (SIGKILL), and returns when it is dead.</summary>
    public void Kill()
    {
        try
        {
            _process.Kill(entireProcessTree: true);
            _process.WaitForExit(TimeSpan.FromSeconds(10));
        }
        catch (InvalidOperationException)
        {
            // It has ended by itself.
        }
    }

    /// <summary>Waits until it has ended and all of its output is there.</summary>
    /// <exception cref="TimeoutException">It still runs.</exception>
    public async Task WaitForExitAsync(TimeSpan timeout, CancellationToken cancellationToken)
    {
        try
        {
            await _process.WaitForExitAsync(cancellationToken).WaitAsync(timeout, cancellationToken);
        }
        catch (TimeoutException exception)
        {
            throw new TimeoutException($"not finished after {timeout.TotalSeconds} s: {this}", exception);
        }
    }

    /// <summary>Waits until it has ended, and ends it with all that it started where that takes too long.</summary>
    /// <exception cref="TimeoutException">It had to be ended.</exception>
    public async Task<CommandResult> EndAsync(TimeSpan timeout, CancellationToken cancellationToken = default)
    {
        try
        {
            await WaitForExitAsync(timeout, cancellationToken);
        }
        catch (TimeoutException)
        {
            Kill();
            throw;
        }

        return new(CommandLine, ExitCode, Text(_standard), Text(_error));
    }

    /// <summary>SIGTERM, and SIGKILL if that has not worked after ten seconds.</summary>
    public async ValueTask DisposeAsync()
    {
        if (_isDisposed)
        {
            return;
        }

        _isDisposed = true;
        AppDomain.CurrentDomain.ProcessExit -= OnProcessExit;
        if (!_process.HasExited)
        {
            Terminate();
            try
            {
                await _process.WaitForExitAsync().WaitAsync(TimeSpan.FromSeconds(10));
            }
            catch (TimeoutException)
            {
                Kill();
            }
        }

        _process.Dispose();
    }

    [LibraryImport("libc", EntryPoint = "kill")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int Signal(int process, int signal);

    private void OnProcessExit(object? sender, EventArgs arguments) => Kill();

    private string Text(StringBuilder text)
    {
        lock (_lock)
        {
            return text.ToString();
        }
    }

    private void Keep(StringBuilder stream, string? line)
    {
        if (line is not null)
        {
            lock (_lock)
            {
                stream.Append(line).Append('\n');
                _both.Append(line).Append('\n');
            }
        }
    }
}
