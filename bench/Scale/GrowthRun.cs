// SPDX-License-Identifier: Apache-2.0

using ControlPlane;
using Gardener.Extensions.Api;
using Kubernetes.Controllers.Client;
using Measurement;

namespace Scale;

/// <summary>What the controller takes in a seed with so many Clusters of which none uses gVisor.</summary>
/// <param name="Clusters">Clusters of 100 KB each.</param>
/// <param name="Start">From the start of the process until its workers run; the shortest of three.</param>
/// <param name="List">What the API server takes to answer the list of the Clusters' metadata; the shortest of three.</param>
/// <param name="Memory">Resident memory of the idle controller after its start, in bytes.</param>
/// <param name="Requests">Requests of a start.</param>
/// <param name="StartBytes">What the controller received during a start.</param>
/// <param name="ChangeBytes">What it received for each change of a Cluster.</param>
internal sealed record GrowthPoint(
    int Clusters, TimeSpan Start, TimeSpan List, long Memory, int Requests, long StartBytes, double ChangeBytes);

/// <summary>A control plane of its own whose number of Clusters grows.</summary>
internal sealed class GrowthRun(Progress progress)
{
    private const int Repetitions = 3;
    private const int Changes = 100;

    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(2);

    public static IReadOnlyList<int> Steps { get; } = [10, 100, 200, 1000, 3000];

    public async Task<IReadOnlyList<GrowthPoint>> MeasureAsync(int most, CancellationToken cancellationToken)
    {
        await using var controlPlane = await LocalControlPlane.StartAsync(cancellationToken);
        using var load = controlPlane.CreateClient("admin", "bench-load");
        using var lists = new ApiClient(
            ApiClientConfiguration.Load(controlPlane.AdminKubeconfig) with { UserAgent = "bench-list" }, TimeProvider.System);
        await using var proxy = new TcpLink(controlPlane.Api.Server);
        var kubeconfig = await controlPlane.WriteKubeconfigAsync(
            "counted", proxy.Address, controlPlane.CertificateAuthorityFile, controlPlane.ControllerTokenFile);
        var workload = new Workload(load);
        var points = new List<GrowthPoint>();
        var shoots = new List<Shoot>();
        foreach (var step in Steps.Where(step => step <= most))
        {
            shoots.AddRange(await workload.CreateShootsAsync(step - shoots.Count, withCluster: true, cancellationToken));
            points.Add(await MeasureAsync(step));
            progress.Say($"{step} Clusters: start {points[^1].Start.TotalMilliseconds:0} ms, memory {points[^1].Memory / Bytes.Megabyte:0.0} MB");
        }

        return points;

        async Task<GrowthPoint> MeasureAsync(int clusters)
        {
            var starts = new List<TimeSpan>();
            var answers = new List<TimeSpan>();
            long memory = 0, startBytes = 0;
            double changeBytes = 0;
            var requests = 0;
            for (var repetition = 0; repetition < Repetitions; repetition++)
            {
                var timestamp = TimeProvider.System.GetTimestamp();
                await lists.ReadPageAsync(
                    GardenerResources.ClusterMetadata, null, new ListOptions { ResourceVersion = "0" }, _ => { }, cancellationToken);
                answers.Add(TimeProvider.System.GetElapsedTime(timestamp));

                var bytes = proxy.BytesReceived;
                var seen = controlPlane.ReadAuditLog().Count;
                await using var controller = await MeasuredController.StartAsync(kubeconfig);
                starts.Add(controller.TimeToFirstWorker);
                await Task.Delay(Pause, TimeProvider.System, cancellationToken);
                startBytes = proxy.BytesReceived - bytes;
                requests = controlPlane.ReadAuditLog().Skip(seen).Count(RequestLog.IsOfController);
                memory = controller.Use.ResidentMemory;
                if (repetition == Repetitions - 1)
                {
                    bytes = proxy.BytesReceived;
                    await workload.TouchAsync(shoots.Take(Changes), cancellationToken);
                    await Task.Delay(Pause, TimeProvider.System, cancellationToken);
                    changeBytes = (double)(proxy.BytesReceived - bytes) / Math.Min(Changes, shoots.Count);
                }
            }

            return new GrowthPoint(clusters, starts.Min(), answers.Min(), memory, requests, startBytes, changeBytes);
        }
    }
}
