// SPDX-License-Identifier: Apache-2.0

using ControlPlane;
using Gardener.Extensions.Api;
using Kubernetes.Controllers.Client;
using Measurement;

namespace Scale;

/// <summary>
/// One run: a control plane of its own, the controller through all phases, and bare writes before and after it. A watch of the load
/// generator measures both alike, from the first request to the last success.
/// </summary>
internal sealed class ScaleRun : IAsyncDisposable
{
    private static readonly TimeSpan ResourceManagerDelay = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan ApplyLimit = TimeSpan.FromMinutes(10);

    /// <summary>Time stamps of the contract have whole seconds: a later request must come in another second.</summary>
    private static readonly TimeSpan NextSecond = TimeSpan.FromSeconds(1.5);

    private const int Reconciliations = 100;
    private const int StuckDeletions = 100;

    private readonly int _namespaces;
    private readonly Progress _progress;
    private readonly ApiServer _loadConnection;
    private readonly ApiClient _watchConnection;
    private readonly Workload _workload;
    private readonly ContainerRuntimeWatch _watch;

    private ScaleRun(LocalControlPlane controlPlane, int namespaces, Progress progress)
    {
        ControlPlane = controlPlane;
        _namespaces = namespaces;
        _progress = progress;
        _loadConnection = controlPlane.CreateClient("admin", "bench-load");
        _watchConnection = new ApiClient(ApiClientConfiguration.Load(controlPlane.AdminKubeconfig) with { UserAgent = "bench-watch" }, TimeProvider.System);
        _workload = new Workload(_loadConnection);
        _watch = new ContainerRuntimeWatch(_watchConnection);
    }

    public LocalControlPlane ControlPlane { get; }

    public static async Task<ScaleRun> StartAsync(int namespaces, Progress progress, CancellationToken cancellationToken)
    {
        progress.Say($"control plane");
        return new ScaleRun(await LocalControlPlane.StartAsync(cancellationToken), namespaces, progress);
    }

    public async ValueTask DisposeAsync()
    {
        _loadConnection.Dispose();
        _watchConnection.Dispose();
        await ControlPlane.DisposeAsync();
    }

    public async Task<RunFigures> MeasureAsync(CancellationToken cancellationToken)
    {
        var payload = await ReadPayloadAsync(cancellationToken);
        await using var writers = await WriterProcess.StartAsync(ControlPlane, payload);
        var before = await MeasureBareWritesAsync("before", writers, cancellationToken);

        _progress.Say($"{_namespaces} shoots");
        var shoots = await _workload.CreateShootsAsync(_namespaces / 2, withCluster: true, cancellationToken);
        var startWithHalf = await MeasureStartAsync();
        shoots = [.. shoots, .. await _workload.CreateShootsAsync(_namespaces - shoots.Count, withCluster: true, cancellationToken)];
        var startWithAll = await MeasureStartAsync();

        var passes = await MeasurePassesAsync(shoots, cancellationToken);
        var after = await MeasureBareWritesAsync("after", writers, cancellationToken);
        var bareCpu = await MeasureBareCpuAsync(writers, cancellationToken);
        var disturbance = await MeasureDisturbanceAsync(shoots, cancellationToken);
        var (withShoot, ofPools) = await MeasureDeletionsAsync(shoots, cancellationToken);

        var log = new RequestLog(ControlPlane.ReadAuditLog());
        return new RunFigures
        {
            Fresh = new Pass(passes.Fresh, before.Fresh, after.Fresh, passes.FreshCpu, log.During(passes.Fresh)),
            Unchanged = new Pass(passes.Unchanged, before.Unchanged, after.Unchanged, passes.UnchangedCpu, log.During(passes.Unchanged)),
            StartWithHalf = startWithHalf,
            StartWithAll = startWithAll,
            PeakMemory = passes.PeakMemory,
            BareCpu = bareCpu,
            Disturbance = disturbance,
            DeletionWithShoot = new Deletion(withShoot.Count, withShoot.Span, log.During(withShoot.Span)),
            DeletionOfPools = new Deletion(ofPools.Count, ofPools.Span, log.During(ofPools.Span)),
        };
    }

    /// <summary>Has the controller write for one shoot what the bare writes then repeat for others.</summary>
    private async Task<Payload> ReadPayloadAsync(CancellationToken cancellationToken)
    {
        var sample = await _workload.CreateShootsAsync(1, withCluster: true, cancellationToken);
        await using (await MeasuredController.StartAsync(ControlPlane))
        {
            await _watch.MeasureAsync(
                "sample", Workload.KeysOf(sample), ContainerRuntimeWatch.IsReady, () => CreateAsync(sample, cancellationToken), cancellationToken);
        }

        var payload = await Payload.ReadAsync(sample[0]);
        await _workload.RemoveAsync(sample, cancellationToken);
        await ControlPlane.Api.DeleteAsync(ApiPaths.Clusters(sample[0].Namespace));
        return payload;
    }

    private async Task<(Span Fresh, Span Unchanged)> MeasureBareWritesAsync(string when, WriterProcess writers, CancellationToken cancellationToken)
    {
        var shoots = await _workload.CreateShootsAsync(_namespaces, withCluster: false, cancellationToken);
        var fresh = await _watch.MeasureAsync(
            "bare writes, fresh",
            Workload.KeysOf(shoots),
            ContainerRuntimeWatch.IsReady,
            () => writers.AnswerAsync(Writes.Fresh, created => _workload.CreateContainerRuntimesAsync(shoots, created, cancellationToken)),
            cancellationToken);
        await Task.Delay(NextSecond, TimeProvider.System, cancellationToken);
        var unchanged = await _watch.MeasureAsync(
            "bare writes, unchanged",
            Workload.KeysOf(shoots),
            ContainerRuntimeWatch.IsReady,
            () => writers.AnswerAsync(Writes.Unchanged, annotated => _workload.AnnotateAsync(shoots, annotated, cancellationToken)),
            cancellationToken);
        _progress.Say($"bare writes {when}: fresh {fresh.Length.TotalSeconds:0.00} s, unchanged {unchanged.Length.TotalSeconds:0.00} s");
        await _workload.RemoveAsync(shoots, cancellationToken);
        return (fresh, unchanged);
    }

    /// <summary>The third time that they run: what the runtime compiles at first is not theirs.</summary>
    private async Task<TimeSpan> MeasureBareCpuAsync(WriterProcess writers, CancellationToken cancellationToken)
    {
        var shoots = await _workload.CreateShootsAsync(_namespaces, withCluster: false, cancellationToken);
        var cpuTime = writers.Use.CpuTime;
        await writers.AnswerAsync(
            Writes.FreshAsController, created => _workload.CreateContainerRuntimesAsync(shoots, created, cancellationToken));
        cpuTime = writers.Use.CpuTime - cpuTime;
        _progress.Say($"bare writes as the controller's: {cpuTime.TotalSeconds:0.00} s of CPU");
        await _workload.RemoveAsync(shoots, cancellationToken);
        return cpuTime;
    }

    private async Task<Disturbance> MeasureDisturbanceAsync(IReadOnlyList<Shoot> shoots, CancellationToken cancellationToken)
    {
        var times = new ReconcileTimes(_watchConnection);
        var keys = Workload.KeysOf(shoots).Take(Reconciliations).ToList();
        var stuck = await _workload.CreateShootsAsync(StuckDeletions / Workload.Pools.Count, withCluster: true, cancellationToken);
        await using var controller = await MeasuredController.StartAsync(ControlPlane);
        await _watch.MeasureAsync(
            "objects to be deleted", Workload.KeysOf(stuck), ContainerRuntimeWatch.IsReady, () => CreateAsync(stuck, cancellationToken), cancellationToken);
        await times.MeasurePercentileAsync(keys, _workload.AnnotateAsync, cancellationToken);
        var undisturbed = await times.MeasurePercentileAsync(keys, _workload.AnnotateAsync, cancellationToken);

        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var labelling = _workload.LabelAsync(Workload.KeysOf(stuck).First(), stop.Token);
        var hotObject = await times.MeasurePercentileAsync(keys, _workload.AnnotateAsync, cancellationToken);
        await stop.CancelAsync();
        await labelling;

        await _workload.HoldManagedResourcesAsync(stuck, isHeld: true, cancellationToken);
        await _workload.BeginDeletionAsync(stuck, cancellationToken);
        await _workload.DeleteContainerRuntimesAsync(stuck, cancellationToken);
        await Task.Delay(NextSecond, TimeProvider.System, cancellationToken);
        var stuckDeletions = await times.MeasurePercentileAsync(keys, _workload.AnnotateAsync, cancellationToken);
        await _watch.MeasureAsync(
            "stuck deletions that go on",
            Workload.KeysOf(stuck),
            ContainerRuntimeWatch.IsGone,
            () => _workload.HoldManagedResourcesAsync(stuck, isHeld: false, cancellationToken),
            cancellationToken);
        _progress.Say($"95 of 100 within {undisturbed.TotalMilliseconds:0} ms; beside a hot object {hotObject.TotalMilliseconds:0} ms, beside stuck deletions {stuckDeletions.TotalMilliseconds:0} ms");
        return new Disturbance(undisturbed, hotObject, stuckDeletions);
    }

    private async Task<Start> MeasureStartAsync()
    {
        await using var controller = await MeasuredController.StartAsync(ControlPlane);
        var peakMemory = controller.Use.PeakMemory;
        var timestamp = TimeProvider.System.GetTimestamp();
        await _watchConnection.ReadPageAsync(
            GardenerResources.ClusterMetadata, null, new ListOptions { ResourceVersion = "0" }, _ => { }, CancellationToken.None);
        return new Start(controller.TimeToFirstWorker, TimeProvider.System.GetElapsedTime(timestamp), peakMemory);
    }

    private async Task<(Span Fresh, TimeSpan FreshCpu, Span Unchanged, TimeSpan UnchangedCpu, long PeakMemory)> MeasurePassesAsync(
        IReadOnlyList<Shoot> shoots, CancellationToken cancellationToken)
    {
        await using var controller = await MeasuredController.StartAsync(ControlPlane);
        var (fresh, freshCpu) = await MeasureAsync("fresh", () => CreateAsync(shoots, cancellationToken));
        await Task.Delay(NextSecond, TimeProvider.System, cancellationToken);
        var (unchanged, unchangedCpu) = await MeasureAsync("unchanged", () => _workload.AnnotateAsync(shoots, _ => { }, cancellationToken));
        return (fresh, freshCpu, unchanged, unchangedCpu, controller.Use.PeakMemory);

        async Task<(Span Span, TimeSpan CpuTime)> MeasureAsync(string what, Func<Task> load)
        {
            var cpuTime = controller.Use.CpuTime;
            var span = await _watch.MeasureAsync(what, Workload.KeysOf(shoots), ContainerRuntimeWatch.IsReady, load, cancellationToken);
            cpuTime = controller.Use.CpuTime - cpuTime;
            _progress.Say($"controller, {what}: {span.Length.TotalSeconds:0.00} s, {cpuTime.TotalSeconds:0.00} s of CPU");
            return (span, cpuTime);
        }
    }

    private async Task<((int Count, Span Span) WithShoot, (int Count, Span Span) OfPools)> MeasureDeletionsAsync(
        IReadOnlyList<Shoot> shoots, CancellationToken cancellationToken)
    {
        await using var resourceManager = ResourceManagerProcess.Start(ControlPlane, ResourceManagerDelay);
        await using var controller = await MeasuredController.StartAsync(ControlPlane);
        await WaitUntilAppliedAsync();
        _progress.Say($"all ManagedResources are applied");

        var deleted = shoots.Take(_namespaces / 10).ToList();
        await _workload.BeginDeletionAsync(deleted, cancellationToken);
        await Task.Delay(NextSecond, TimeProvider.System, cancellationToken);
        var withShoot = await MeasureAsync("deletion with the shoot", deleted);
        var ofPools = await MeasureAsync("deletion of pools", [.. shoots.Skip(deleted.Count).Take(deleted.Count)]);
        return (withShoot, ofPools);

        async Task<(int Count, Span Span)> MeasureAsync(string what, IReadOnlyList<Shoot> of)
        {
            var keys = Workload.KeysOf(of).ToList();
            var span = await _watch.MeasureAsync(
                what, keys, ContainerRuntimeWatch.IsGone, () => _workload.DeleteContainerRuntimesAsync(of, cancellationToken), cancellationToken);
            _progress.Say($"{what}: {keys.Count} in {span.Length.TotalSeconds:0.00} s");
            return (keys.Count, span);
        }
    }

    private Task WaitUntilAppliedAsync() => Eventually.TrueAsync(
        "all ManagedResources applied",
        async () => (await ControlPlane.Api.ListAsync("/apis/resources.gardener.cloud/v1alpha1/managedresources"))
            .All(value => value["status"]?["conditions"]?.AsArray().Any(condition =>
                (string?)condition!["type"] == "ResourcesApplied" && (string?)condition["status"] == "True") == true),
        ApplyLimit);

    private Task CreateAsync(IEnumerable<Shoot> shoots, CancellationToken cancellationToken) =>
        _workload.CreateContainerRuntimesAsync(shoots, _ => { }, cancellationToken);
}
