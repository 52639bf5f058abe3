// SPDX-License-Identifier: Apache-2.0

using Measurement;
using NodeTestBed;

namespace NodeInstaller;

/// <summary>Measures script and installer on the same node, which is taken back to its first state before each.</summary>
internal sealed class NodeRun(TestNode node)
{
    private const string GVisorVersion = "20240729.0";

    /// <summary>A node has other things to do in the first moments after its containerd was started.</summary>
    private static readonly TimeSpan Quiet = TimeSpan.FromSeconds(1);

    /// <summary>After this the installer has given back what it needed for its work.</summary>
    private static readonly TimeSpan UntilIdle = TimeSpan.FromSeconds(3);

    private readonly Installer _installer = new(node, node.Image(GVisorVersion));

    public async Task<NodeFigures> MeasureAsync(CancellationToken cancellationToken)
    {
        var script = await MeasureScriptAsync(cancellationToken);
        await ResetAsync(cancellationToken);
        await using var installer = await _installer.PrepareAsync("install");
        var (outcome, started) = await ContainerdWatch.ObserveAsync(node, installer.Start, cancellationToken);
        await installer.WaitUntilReadyAsync();
        var ready = TimeProvider.System.GetElapsedTime(started);
        await Task.Delay(UntilIdle, TimeProvider.System, cancellationToken);
        var use = new ProcessUse(installer.ProcessId);
        var (idle, peak) = (use.ResidentMemory, use.PeakMemory);
        await installer.DisposeAsync();
        var unchanged = await MeasureUnchangedAsync(cancellationToken);
        return new NodeFigures
        {
            Script = script,
            Installer = outcome,
            Ready = ready,
            IdleMemory = idle,
            PeakMemory = peak,
            UnchangedRestart = unchanged.Restart,
            UnchangedCpu = unchanged.CpuTime,
            UnchangedReady = unchanged.Ready,
            Pod = await MeasurePodAsync(cancellationToken),
        };
    }

    private async Task<Outcome> MeasureScriptAsync(CancellationToken cancellationToken)
    {
        await ResetAsync(cancellationToken);
        await using var script = await ReferenceScript.PrepareAsync(node, _installer.Image);
        return (await ContainerdWatch.ObserveAsync(node, script.Start, cancellationToken)).Outcome;
    }

    private async Task<(bool Restart, TimeSpan CpuTime, TimeSpan Ready)> MeasureUnchangedAsync(CancellationToken cancellationToken)
    {
        await Task.Delay(Quiet, TimeProvider.System, cancellationToken);
        var containerd = await node.ContainerdRunAsync();
        await using var installer = await _installer.PrepareAsync("install");
        var use = new ProcessUse(installer.ProcessId);
        var before = use.CpuTime;
        var started = TimeProvider.System.GetTimestamp();
        installer.Start();
        await installer.WaitUntilReadyAsync();
        var ready = TimeProvider.System.GetElapsedTime(started);
        return (await node.ContainerdRunAsync() != containerd, use.CpuTime - before, ready);
    }

    private async Task<TimeSpan> MeasurePodAsync(CancellationToken cancellationToken)
    {
        var started = TimeProvider.System.GetTimestamp();
        var pod = await node.RunPodAsync();
        var elapsed = TimeProvider.System.GetElapsedTime(started);
        await pod.RemoveAsync(cancellationToken);
        return elapsed;
    }

    private async Task ResetAsync(CancellationToken cancellationToken)
    {
        await node.ResetAsync();
        await Task.Delay(Quiet, TimeProvider.System, cancellationToken);
    }
}
