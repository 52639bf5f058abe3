// SPDX-License-Identifier: Apache-2.0

using System.Globalization;
using System.Text.Json;
using ControlPlane;

namespace Scale;

/// <summary>The controller as a process, with what the kernel says of it.</summary>
internal sealed class MeasuredController : IAsyncDisposable
{
    public const int Workers = 5;

    /// <summary>The unit of the times in /proc/PID/stat, which Linux has fixed at a hundredth of a second.</summary>
    private static readonly TimeSpan Tick = TimeSpan.FromMilliseconds(10);

    private readonly ControllerProcess _controller;

    private MeasuredController(ControllerProcess controller, TimeSpan start)
    {
        _controller = controller;
        TimeToFirstWorker = start;
    }

    /// <summary>From the start of the process until its workers run, with all caches complete.</summary>
    public TimeSpan TimeToFirstWorker { get; }

    /// <summary>CPU time so far, of the program and of the kernel for it.</summary>
    public TimeSpan CpuTime
    {
        get
        {
            // The program's name, in parentheses, may contain blanks.
            var fields = ReadProcess("stat").Split(") ")[^1].Split(' ');
            return Tick * (long.Parse(fields[11], CultureInfo.InvariantCulture) + long.Parse(fields[12], CultureInfo.InvariantCulture));
        }
    }

    /// <summary>The most memory that was resident at any time so far, in bytes.</summary>
    public long PeakMemory => 1024 * long.Parse(
        ReadProcess("status").Split('\n').First(line => line.StartsWith("VmHWM:", StringComparison.Ordinal)).Split(' ', StringSplitOptions.RemoveEmptyEntries)[1],
        CultureInfo.InvariantCulture);

    /// <summary>Starts it without leader election, as the only one, and waits until its workers run.</summary>
    public static async Task<MeasuredController> StartAsync(LocalControlPlane controlPlane)
    {
        var start = TimeProvider.System.GetUtcNow();
        var controller = ControllerProcess.Start(new ControllerOptions { Kubeconfig = controlPlane.ControllerKubeconfig, Workers = Workers });
        try
        {
            var line = await Eventually.GetAsync(
                "the controller's first worker",
                () => controller.Process.HasExited
                    ? throw new InvalidOperationException($"The controller has ended:\n{controller.Process.Output}")
                    : Task.FromResult(controller.Process.Output.Split('\n').FirstOrDefault(line => line.Contains($"Starting {Workers} workers", StringComparison.Ordinal))),
                line => line is not null);
            using var entry = JsonDocument.Parse(line!);
            return new MeasuredController(controller, entry.RootElement.GetProperty("ts").GetDateTimeOffset() - start);
        }
        catch
        {
            await controller.DisposeAsync();
            throw;
        }
    }

    public ValueTask DisposeAsync() => _controller.DisposeAsync();

    private string ReadProcess(string file) => File.ReadAllText($"/proc/{_controller.Process.Id}/{file}");
}
