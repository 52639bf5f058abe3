// SPDX-License-Identifier: Apache-2.0

using System.Globalization;
using Measurement;

namespace Scale;

/// <summary>The Markdown page on what was measured, with medians, goals and verdicts.</summary>
internal static class Report
{
    public static string Write(Setting setting, int namespaces, IReadOnlyList<RunFigures> runs, IReadOnlyList<GrowthPoint> growth)
    {
        var objects = namespaces * Workload.Pools.Count;
        var page = new ReportPage<RunFigures>(runs);
        page.Line($"# Performance");
        page.Line($"");
        page.Line($"Written by `make bench`, which anybody can repeat. It measures the native controller in the scale test described below.");
        if (namespaces < Workload.JudgedNamespaces)
        {
            page.Line($"");
            page.Line($"**A short run with {namespaces} namespaces instead of {Workload.JudgedNamespaces}: its figures prove nothing about scale.**");
        }

        page.Line($"");
        page.Line($"- Date: {setting.Machine.Date}; {runs.Count} runs, each on a fresh control plane");
        page.Line($"- Machine: {setting.Machine.Description}; it also runs the API server, etcd and the load generator; load average at the start {setting.Machine.Load}");
        page.Line($"- kube-apiserver {setting.ApiServer}, etcd {setting.Etcd} without fsync");
        page.Line($"- Controller: {setting.Controller}, {MeasuredController.Workers} workers, its own ServiceAccount and rights, no leader election");
        page.Line($"");
        page.Line($"## Goals");
        page.Line($"");
        page.Goals();
        page.AtLeast($"rate of {objects} fresh ContainerRuntimes, share of the bare writes' rate", 1.1, "", "0.00", run => run.Fresh.Ratio);
        page.AtLeast($"rate of {objects} unchanged ones, share of the bare writes' rate", 1.3, "", "0.00", run => run.Unchanged.Ratio);
        page.AtMost($"API requests for a fresh one, without reads of its Cluster", 5, "", "0.00", run => (double)run.Fresh.Requests.WithoutClusters / objects);
        page.AtMost($"API requests for an unchanged one, without reads of its Cluster", 2, "", "0.00", run => (double)run.Unchanged.Requests.WithoutClusters / objects);
        page.AtMost($"reads of a Cluster for each fresh shoot", 1, "", "0.00", run => (double)run.Fresh.Requests.Clusters / namespaces);
        page.AtMost($"reads of a Cluster for each unchanged shoot", 1, "", "0.00", run => (double)run.Unchanged.Requests.Clusters / namespaces);
        page.AtMost($"CPU for a fresh one, times that of the bare writers", 1.5, "", "0.00", run => run.Fresh.CpuTime / run.BareCpu);
        page.AtMost($"{runs[0].DeletionWithShoot.Count} deletions, the shoots are being deleted", 8, " s", "0.0", run => run.DeletionWithShoot.Span.Length.TotalSeconds);
        page.AtMost($"{runs[0].DeletionOfPools.Count} deletions, the shoots live on", 17, " s", "0.0", run => run.DeletionOfPools.Span.Length.TotalSeconds);
        page.AtMost($"95 of 100 reconciliations beside a hot object, times those alone", 1.5, "", "0.00", run => run.Disturbance.HotObject / run.Disturbance.Undisturbed);
        page.AtMost($"95 of 100 reconciliations beside 100 stuck deletions, times those alone", 1.5, "", "0.00", run => run.Disturbance.StuckDeletions / run.Disturbance.Undisturbed);
        page.AtMost($"peak memory of both passes, {namespaces} Clusters", 45, " MB", "0.0", run => run.PeakMemory / Bytes.Megabyte);
        foreach (var point in growth.Where(point => point.Clusters >= 200))
        {
            page.AtMost($"start to first worker, {point.Clusters} Clusters, times the server's own list", 1.2, "", "0.00", point.Start / point.List);
            page.AtMost($"resident memory, {point.Clusters} Clusters", 40, " MB", "0.0", point.Memory / Bytes.Megabyte);
            page.AtMost($"received for a change of a Cluster without gVisor, {point.Clusters} Clusters", 3, " KB", "0.0", point.ChangeBytes / Bytes.Kilobyte);
        }

        if (growth.FirstOrDefault(point => point.Clusters == 200) is { } few)
        {
            page.AtMost($"resident memory, {growth[^1].Clusters} Clusters more than 200", 3, " MB", "0.0", (growth[^1].Memory - few.Memory) / Bytes.Megabyte);
        }

        page.AtMost($"size of the executable", 30, " MB", "0.0", setting.ExecutableBytes / Bytes.Megabyte);
        page.Line($"");
        page.Line($"## Seconds and rates");
        page.Line($"");
        page.Line($"They depend on the machine and on what else it does; the ratios above do much less.");
        page.Line($"");
        page.Figures();
        page.Figure($"{objects} fresh ContainerRuntimes: controller", " s", "0.00", run => run.Fresh.Controller.Length.TotalSeconds);
        page.Figure($"– bare writes before and after it, mean", " s", "0.00", run => (run.Fresh.BareBefore.Length + run.Fresh.BareAfter.Length).TotalSeconds / 2);
        page.Figure($"– controller", " / s", "0", run => objects / run.Fresh.Controller.Length.TotalSeconds);
        page.Figure($"{objects} unchanged ContainerRuntimes: controller", " s", "0.00", run => run.Unchanged.Controller.Length.TotalSeconds);
        page.Figure($"– bare writes before and after it, mean", " s", "0.00", run => (run.Unchanged.BareBefore.Length + run.Unchanged.BareAfter.Length).TotalSeconds / 2);
        page.Figure($"– controller", " / s", "0", run => objects / run.Unchanged.Controller.Length.TotalSeconds);
        page.Figure($"– share of the bare writes' rate", "", "0.00", run => run.Unchanged.Ratio);
        page.Figure($"– CPU of the controller for one", " ms", "0.00", run => run.Unchanged.CpuTime.TotalMilliseconds / objects);
        page.Figure($"CPU of the controller for a fresh one", " ms", "0.00", run => run.Fresh.CpuTime.TotalMilliseconds / objects);
        page.Figure($"– CPU of the bare writers for one", " ms", "0.00", run => run.BareCpu.TotalMilliseconds / objects);
        page.Figure($"95 of 100 reconciliations, one at a time, within", " ms", "0", run => run.Disturbance.Undisturbed.TotalMilliseconds);
        page.Figure($"– beside an object that changes a hundred times a second", " ms", "0", run => run.Disturbance.HotObject.TotalMilliseconds);
        page.Figure($"– beside a hundred deletions that do not end", " ms", "0", run => run.Disturbance.StuckDeletions.TotalMilliseconds);
        page.Figure($"start to first worker, {namespaces / 2} Clusters", " ms", "0", run => run.StartWithHalf.TimeToFirstWorker.TotalMilliseconds);
        page.Figure($"– of it the API server's answer to the list of the Clusters' metadata, asked alone", " ms", "0", run => run.StartWithHalf.ListOfClusters.TotalMilliseconds);
        page.Figure($"start to first worker, {namespaces} Clusters", " ms", "0", run => run.StartWithAll.TimeToFirstWorker.TotalMilliseconds);
        page.Figure($"– of it the API server's answer to the list of the Clusters' metadata, asked alone", " ms", "0", run => run.StartWithAll.ListOfClusters.TotalMilliseconds);
        page.Line($"");
        if (growth.Count > 0)
        {
            page.Line($"## Growth");
            page.Line($"");
            page.Line($"A seed with more and more Clusters of 100 KB, none of which uses gVisor.");
            page.Line($"");
            page.Line($"| Clusters | start | the server's list | resident memory | requests of a start | received at a start | received for a change of a Cluster |");
            page.Line($"|---|---|---|---|---|---|---|");
            foreach (var point in growth)
            {
                page.Line($"| {point.Clusters} | {point.Start.TotalMilliseconds:0} ms | {point.List.TotalMilliseconds:0} ms | {point.Memory / Bytes.Megabyte:0.0} MB | {point.Requests} | {point.StartBytes / Bytes.Kilobyte:0} KB | {point.ChangeBytes / Bytes.Kilobyte:0.0} KB |");
            }

            page.Line($"");
            foreach (var (name, _) in Plots(growth))
            {
                page.Line($"![{name.Split('.')[0].Replace('-', ' ')}]({name})");
            }

            page.Line($"");
        }

        page.Line($"## Requests of the controller in the first run");
        page.Line($"");
        page.Line($"Counted in the API server's audit log by user agent. \"Beside\" are leases and the lists and watches of its caches, which do not grow with");
        page.Line($"the number of ContainerRuntimes.");
        page.Line($"");
        page.Line($"| phase | requests for ContainerRuntimes | answered with an error | beside |");
        page.Line($"|---|---|---|---|");
        Counted($"{objects} fresh", runs[0].Fresh.Requests);
        Counted($"{objects} unchanged", runs[0].Unchanged.Requests);
        Counted($"{runs[0].DeletionWithShoot.Count} deleted with their shoots", runs[0].DeletionWithShoot.Requests);
        Counted($"{runs[0].DeletionOfPools.Count} deleted from living shoots", runs[0].DeletionOfPools.Requests);
        page.Append(Method(namespaces));
        return page.ToString();

        void Counted(FormattableString what, Requests requests) => page.Line(
            $"| {what.ToString(CultureInfo.InvariantCulture)} | {requests.Count}: {string.Join(", ", requests.ByResource.Select(entry => $"{entry.Value} {entry.Key}"))} | {requests.Refused} | {requests.Beside} |");
    }

    /// <summary>The growth as images, by the names of their files.</summary>
    public static IReadOnlyList<(string Name, string Image)> Plots(IReadOnlyList<GrowthPoint> growth)
    {
        return growth.Count == 0 ? [] :
        [
            ("growth-start.svg", Plot.Draw("Start, ms", "Clusters", Of("controller", point => point.Start.TotalMilliseconds), Of("the server's own list", point => point.List.TotalMilliseconds))),
            ("growth-memory.svg", Plot.Draw("Resident memory, MB", "Clusters", Of("controller", point => point.Memory / Bytes.Megabyte))),
            ("growth-requests.svg", Plot.Draw("Requests of a start", "Clusters", Of("controller", point => point.Requests))),
            ("growth-bytes.svg", Plot.Draw("Received, KB", "Clusters", Of("for each Cluster at a start", point => point.StartBytes / Bytes.Kilobyte / point.Clusters), Of("for each change of a Cluster", point => point.ChangeBytes / Bytes.Kilobyte))),
        ];

        Series Of(string name, Func<GrowthPoint, double> value) => new(name, [.. growth.Select(point => ((double)point.Clusters, value(point)))]);
    }

    private static string Method(int namespaces) => string.Create(CultureInfo.InvariantCulture, $"""

        ## What is measured

        - **Load**: {namespaces} shoot namespaces with one Cluster of 100 KB each, most of it cloud profile, and {Workload.Pools.Count} ContainerRuntimes in each. All are
          created at once with `gardener.cloud/operation=reconcile` while the controller runs, and annotated again later without a change. A
          ContainerRuntime counts as done when gardenlet would take it for done, seen by one watch of the load generator; the time runs from the
          first request of the load to the last success.
        - **Bare writes**: the writes that a fresh ContainerRuntime needs by the Go extension's example (annotation and finalizer in one patch,
          status Processing, secret, ManagedResource, status Succeeded, and once in a namespace the shared secret and ManagedResource), or the
          three patches of an unchanged one, sent over {MeasuredController.Workers} HTTP/2 connections by a process that does nothing else: it learns of an object in the
          moment it is created, and never watches, renders or looks at an answer. The bytes are those that the controller wrote for a sample
          shoot. Same load, same watch, same control plane, once before and once after the controller's turn. Its CPU is taken for the writes
          that the controller sends, which has no status Processing, when it runs for the third time.
        - **Disturbance**: 100 reconciliations of which nothing has changed, one at a time, each from the request until it is done.
        - **Growth**: a control plane of its own; the server's list is that of the metadata, asked by the benchmark from the server's cache.
          Times are the shortest of three. What the controller receives is counted in front of it, encryption included.
        - **Deletions**: a stand-in resource manager takes 5 s for each ManagedResource. When the shoot itself is being deleted, the
          ManagedResources of its pools and the shared one go together; when it lives on, the nodes are first told to uninstall, and
          what the resource manager says of them has to last for 5 s.
        - **Memory** is `VmHWM`, **CPU** is user and system time of `/proc/PID/stat`, both of the kernel. **Start** is the time from the start
          of the process until its caches are complete and its workers run, by its log. It cannot be shorter than the API server takes to answer
          the list of the Clusters' metadata.

        """);
}
