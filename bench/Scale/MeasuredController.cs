// SPDX-License-Identifier: Apache-2.0

using System.Text.Json;
using ControlPlane;
using Measurement;

namespace Scale;

/// <summary>The controller as a process, with what the kernel says of it.</summary>
internal sealed class MeasuredController : IAsyncDisposable
{
    public const int Workers = 5;

    private readonly ControllerProcess _controller;

    private MeasuredController(ControllerProcess controller, TimeSpan start)
    {
        _controller = controller;
        TimeToFirstWorker = start;
    }

    /// <summary>From the start of the process until its workers run, with all caches complete.</summary>
    public TimeSpan TimeToFirstWorker { get; }

    /// <summary>What it takes of the machine.</summary>
    public ProcessUse Use => new(_controller.Process.Id);

    /// <summary>Starts it without leader election, as the only one, and waits until its workers run.</summary>
    public static Task<MeasuredController> StartAsync(LocalControlPlane controlPlane) => StartAsync(controlPlane.ControllerKubeconfig);

    /// <inheritdoc cref="StartAsync(LocalControlPlane)"/>
    public static async Task<MeasuredController> StartAsync(string kubeconfig)
    {
        var start = TimeProvider.System.GetUtcNow();
        var controller = ControllerProcess.Start(new ControllerOptions { Kubeconfig = kubeconfig, Workers = Workers });
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
}
