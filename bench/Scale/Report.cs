// SPDX-License-Identifier: Apache-2.0

using System.Globalization;
using Measurement;

namespace Scale;

/// <summary>The Markdown page on what was measured, with medians, goals and verdicts.</summary>
internal static class Report
{
    public static string Write(Setting setting, int namespaces, IReadOnlyList<RunFigures> runs)
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
        page.AtLeast($"rate of {objects} fresh ContainerRuntimes, share of the bare writes' rate", 0.6, "", "0.00", run => run.Fresh.Ratio);
        page.AtMost($"API requests for a fresh one", 7, "", "0.00", run => (double)run.Fresh.Requests.Count / objects);
        page.AtMost($"API requests for an unchanged one", 3, "", "0.00", run => (double)run.Unchanged.Requests.Count / objects);
        page.AtMost($"CPU for a fresh one", 3, " ms", "0.00", run => run.Fresh.CpuTime.TotalMilliseconds / objects);
        page.AtMost($"{runs[0].DeletionWithShoot.Count} deletions, the shoots are being deleted", 12, " s", "0.0", run => run.DeletionWithShoot.Span.Length.TotalSeconds);
        page.AtMost($"{runs[0].DeletionOfPools.Count} deletions, the shoots live on", 17, " s", "0.0", run => run.DeletionOfPools.Span.Length.TotalSeconds);
        page.AtMost($"start to first worker, {namespaces} Clusters", 150, " ms", "0", run => run.StartWithAll.TimeToFirstWorker.TotalMilliseconds);
        page.AtMost($"peak memory of a start, {namespaces / 2} Clusters", 45, " MB", "0.0", run => run.StartWithHalf.PeakMemory / Bytes.Megabyte);
        page.AtMost($"peak memory of a start, {namespaces} Clusters", 45, " MB", "0.0", run => run.StartWithAll.PeakMemory / Bytes.Megabyte);
        page.AtMost($"the same for each further Cluster", 5, " KB", "0.0", run => (run.StartWithAll.PeakMemory - run.StartWithHalf.PeakMemory) / Bytes.Kilobyte / (namespaces - (namespaces / 2)));
        page.AtMost($"peak memory of both passes, {namespaces} Clusters", 45, " MB", "0.0", run => run.PeakMemory / Bytes.Megabyte);
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
        page.Figure($"start to first worker, {namespaces / 2} Clusters", " ms", "0", run => run.StartWithHalf.TimeToFirstWorker.TotalMilliseconds);
        page.Figure($"– of it the API server's answer to the list of Clusters, asked alone", " ms", "0", run => run.StartWithHalf.ListOfClusters.TotalMilliseconds);
        page.Figure($"start to first worker, {namespaces} Clusters", " ms", "0", run => run.StartWithAll.TimeToFirstWorker.TotalMilliseconds);
        page.Figure($"– of it the API server's answer to the list of Clusters, asked alone", " ms", "0", run => run.StartWithAll.ListOfClusters.TotalMilliseconds);
        page.Line($"");
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

    private static string Method(int namespaces) => string.Create(CultureInfo.InvariantCulture, $"""

        ## What is measured

        - **Load**: {namespaces} shoot namespaces with one Cluster of 100 KB each, most of it cloud profile, and {Workload.Pools.Count} ContainerRuntimes in each. All are
          created at once with `gardener.cloud/operation=reconcile` while the controller runs, and annotated again later without a change. A
          ContainerRuntime counts as done when gardenlet would take it for done, seen by one watch of the load generator; the time runs from the
          first request of the load to the last success.
        - **Bare writes**: the writes that a fresh ContainerRuntime needs (annotation and finalizer in one patch, status Processing, secret,
          ManagedResource, status Succeeded, and once in a namespace the shared secret and ManagedResource), or the three patches of an unchanged
          one, sent over {MeasuredController.Workers} HTTP/2 connections by writers that do nothing else: they learn of an object in the moment it is created, and never
          watch, render or look at an answer. Their bytes are those that the controller wrote for a sample shoot. Same load, same watch, same
          control plane, once before and once after the controller's turn.
        - **Deletions**: a stand-in resource manager takes 5 s for each ManagedResource. When the shoot itself is being deleted, the
          ManagedResources of its pools and the shared one go together; when it lives on, the nodes are first told to uninstall, and
          what the resource manager says of them has to last for 5 s.
        - **Memory** is `VmHWM`, **CPU** is user and system time of `/proc/PID/stat`, both of the kernel. **Start** is the time from the start
          of the process until its caches are complete and its workers run, by its log. It cannot be shorter than the API server takes to answer
          the list of Clusters, of which the controller keeps a few fields.

        """);
}
