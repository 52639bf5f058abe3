// SPDX-License-Identifier: Apache-2.0

using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text;

namespace ControlPlane;

/// <summary>A program that runs beside the test. Its output is kept, and it ends with the test whatever happens.</summary>
public sealed partial class ChildProcess : IAsyncDisposable
{
    private const int SigTerm = 15;
    private const int SigCont = 18;
    private const int SigStop = 19;

    private readonly Process _process = new();
    private readonly StringBuilder _output = new();
    private bool _isDisposed;

    private ChildProcess(string program, IEnumerable<string> arguments, IReadOnlyDictionary<string, string>? environment)
    {
        _process.StartInfo = new ProcessStartInfo(program, arguments)
        {
            UseShellExecute = false,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            RedirectStandardInput = true,
        };
        foreach (var (name, value) in environment ?? new Dictionary<string, string>())
        {
            _process.StartInfo.Environment[name] = value;
        }

        _process.OutputDataReceived += Receive;
        _process.ErrorDataReceived += Receive;
    }

    public int Id => _process.Id;

    public bool HasExited => _process.HasExited;

    public int ExitCode => _process.ExitCode;

    /// <summary>What it has printed so far, both streams together.</summary>
    public string Output
    {
        get
        {
            lock (_output)
            {
                return _output.ToString();
            }
        }
    }

    /// <param name="command">Program and arguments.</param>
    /// <param name="environment">Environment variables that it gets in addition.</param>
    public static ChildProcess Start(IReadOnlyList<string> command, IReadOnlyDictionary<string, string>? environment = null)
    {
        var child = new ChildProcess(command[0], command.Skip(1), environment);
        child._process.Start();
        child._process.BeginOutputReadLine();
        child._process.BeginErrorReadLine();
        child._process.StandardInput.Close();
        AppDomain.CurrentDomain.ProcessExit += child.OnProcessExit;
        return child;
    }

    /// <summary>Runs a program to its end and returns what it printed.</summary>
    public static async Task<string> RunAsync(
        IReadOnlyList<string> command, IReadOnlyDictionary<string, string>? environment, TimeSpan timeout, CancellationToken cancellationToken)
    {
        await using var child = Start(command, environment);
        await child.WaitForExitAsync(timeout, cancellationToken);
        return child.ExitCode == 0
            ? child.Output
            : throw new InvalidOperationException($"{string.Join(' ', command)} ended with code {child.ExitCode}:\n{child.Output}");
    }

    /// <summary>Asks it to end (SIGTERM).</summary>
    public void Terminate() => _ = Signal(_process.Id, SigTerm);

    /// <summary>Does not let it run until <see cref="Continue"/> (SIGSTOP).</summary>
    public void Pause() => _ = Signal(_process.Id, SigStop);

    /// <summary>Lets it run again (SIGCONT).</summary>
    public void Continue() => _ = Signal(_process.Id, SigCont);

    /// <summary>Ends it without a chance to do anything (SIGKILL), and returns when it is dead.</summary>
    public void Kill()
    {
        try
        {
            _process.Kill();
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
            throw new TimeoutException($"{_process.StartInfo.FileName} still runs after {timeout.TotalSeconds} s:\n{Output}", exception);
        }
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

    private void Receive(object sender, DataReceivedEventArgs line)
    {
        if (line.Data is not null)
        {
            lock (_output)
            {
                _output.AppendLine(line.Data);
            }
        }
    }
}
