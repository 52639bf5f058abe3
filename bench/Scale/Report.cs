// SPDX-License-Identifier: Apache-2.0

using System.Globalization;
using System.Text;

namespace Scale;

/// <summary>The Markdown page on what was measured, with medians, goals and verdicts.</summary>
internal static class Report
{
    private const double Megabyte = 1_000_000;
    private const double Kilobyte = 1_000;

    public static string Write(Setting setting, int namespaces, IReadOnlyList<RunFigures> runs)
    {
        var objects = namespaces * Workload.Pools.Count;
        var text = new StringBuilder();
        Line($"# Performance");
        Line($"");
        Line($"Written by `make bench`, which anybody can repeat. It measures the native controller in the scale test described below.");
        if (namespaces < Workload.JudgedNamespaces)
        {
            Line($"");
            Line($"**A short run with {namespaces} namespaces instead of {Workload.JudgedNamespaces}: its figures prove nothing about scale.**");
        }

        Line($"");
        Line($"- Date: {setting.Date}; {runs.Count} runs, each on a fresh control plane");
        Line($"- Machine: {setting.Machine}; it also runs the API server, etcd and the load generator; load average at the start {setting.Load}");
        Line($"- kube-apiserver {setting.ApiServer}, etcd {setting.Etcd} without fsync");
        Line($"- Controller: {setting.Controller}, {MeasuredController.Workers} workers, its own ServiceAccount and rights, no leader election");
        Line($"");
        Line($"## Goals");
        Line($"");
        Line($"| what | goal | median | every run | |");
        Line($"|---|---|---|---|---|");
        AtLeast($"rate of {objects} fresh ContainerRuntimes, share of the bare writes' rate", 0.6, "", "0.00", run => run.Fresh.Ratio);
        AtMost($"API requests for a fresh one", 7, "", "0.00", run => (double)run.Fresh.Requests.Count / objects);
        AtMost($"API requests for an unchanged one", 3, "", "0.00", run => (double)run.Unchanged.Requests.Count / objects);
        AtMost($"CPU for a fresh one", 3, " ms", "0.00", run => run.Fresh.CpuTime.TotalMilliseconds / objects);
        AtMost($"{runs[0].DeletionWithShoot.Count} deletions, the shoots are being deleted", 12, " s", "0.0", run => run.DeletionWithShoot.Span.Length.TotalSeconds);
        AtMost($"{runs[0].DeletionOfPools.Count} deletions, the shoots live on", 12, " s", "0.0", run => run.DeletionOfPools.Span.Length.TotalSeconds);
        AtMost($"start to first worker, {namespaces} Clusters", 150, " ms", "0", run => run.StartWithAll.TimeToFirstWorker.TotalMilliseconds);
        AtMost($"peak memory of a start, {namespaces / 2} Clusters", 45, " MB", "0.0", run => run.StartWithHalf.PeakMemory / Megabyte);
        AtMost($"peak memory of a start, {namespaces} Clusters", 45, " MB", "0.0", run => run.StartWithAll.PeakMemory / Megabyte);
        AtMost($"the same for each further Cluster", 5, " KB", "0.0", run => (run.StartWithAll.PeakMemory - run.StartWithHalf.PeakMemory) / Kilobyte / (namespaces - (namespaces / 2)));
        AtMost($"peak memory of both passes, {namespaces} Clusters", 45, " MB", "0.0", run => run.PeakMemory / Megabyte);
        Row($"size of the executable", "≤ 30 MB", Text(setting.ExecutableBytes / Megabyte, " MB", "0.0"), "", setting.ExecutableBytes <= 30 * Megabyte);
        Line($"");
        Line($"## Seconds and rates");
        Line($"");
        Line($"They depend on the machine and on what else it does; the ratios above do much less.");
        Line($"");
        Line($"| what | median | every run |");
        Line($"|---|---|---|");
        Info($"{objects} fresh ContainerRuntimes: controller", " s", "0.00", run => run.Fresh.Controller.Length.TotalSeconds);
        Info($"– bare writes before and after it, mean", " s", "0.00", run => (run.Fresh.BareBefore.Length + run.Fresh.BareAfter.Length).TotalSeconds / 2);
        Info($"– controller", " / s", "0", run => objects / run.Fresh.Controller.Length.TotalSeconds);
        Info($"{objects} unchanged ContainerRuntimes: controller", " s", "0.00", run => run.Unchanged.Controller.Length.TotalSeconds);
        Info($"– bare writes before and after it, mean", " s", "0.00", run => (run.Unchanged.BareBefore.Length + run.Unchanged.BareAfter.Length).TotalSeconds / 2);
        Info($"– controller", " / s", "0", run => objects / run.Unchanged.Controller.Length.TotalSeconds);
        Info($"– share of the bare writes' rate", "", "0.00", run => run.Unchanged.Ratio);
        Info($"– CPU of the controller for one", " ms", "0.00", run => run.Unchanged.CpuTime.TotalMilliseconds / objects);
        Info($"start to first worker, {namespaces / 2} Clusters", " ms", "0", run => run.StartWithHalf.TimeToFirstWorker.TotalMilliseconds);
        Line($"");
        Line($"## Requests of the controller in the first run");
        Line($"");
        Line($"Counted in the API server's audit log by user agent. \"Beside\" are leases and the lists and watches of its caches, which do not grow with");
        Line($"the number of ContainerRuntimes.");
        Line($"");
        Line($"| phase | requests for ContainerRuntimes | answered with an error | beside |");
        Line($"|---|---|---|---|");
        Counted($"{objects} fresh", runs[0].Fresh.Requests);
        Counted($"{objects} unchanged", runs[0].Unchanged.Requests);
        Counted($"{runs[0].DeletionWithShoot.Count} deleted with their shoots", runs[0].DeletionWithShoot.Requests);
        Counted($"{runs[0].DeletionOfPools.Count} deleted from living shoots", runs[0].DeletionOfPools.Requests);
        text.Append(Method(namespaces));
        return text.ToString();

        void Line(FormattableString line) => text.AppendLine(line.ToString(CultureInfo.InvariantCulture));

        void AtLeast(FormattableString what, double goal, string unit, string format, Func<RunFigures, double> figure) =>
            Row(what, $"≥ {Text(goal, unit, "0.##")}", Median(unit, format, figure), Every(format, figure), MedianOf(figure) >= goal);

        void AtMost(FormattableString what, double goal, string unit, string format, Func<RunFigures, double> figure) =>
            Row(what, $"≤ {Text(goal, unit, "0.##")}", Median(unit, format, figure), Every(format, figure), MedianOf(figure) <= goal);

        void Row(FormattableString what, string goal, string median, string every, bool isMet) =>
            Line($"| {what.ToString(CultureInfo.InvariantCulture)} | {goal} | {median} | {every} | {(isMet ? "met" : "**missed**")} |");

        void Info(FormattableString what, string unit, string format, Func<RunFigures, double> figure) =>
            Line($"| {what.ToString(CultureInfo.InvariantCulture)} | {Median(unit, format, figure)} | {Every(format, figure)} |");

        void Counted(FormattableString what, Requests requests) => Line(
            $"| {what.ToString(CultureInfo.InvariantCulture)} | {requests.Count}: {string.Join(", ", requests.ByResource.Select(entry => $"{entry.Value} {entry.Key}"))} | {requests.Refused} | {requests.Beside} |");

        string Median(string unit, string format, Func<RunFigures, double> figure) => Text(MedianOf(figure), unit, format);

        string Every(string format, Func<RunFigures, double> figure) =>
            string.Join(", ", runs.Select(run => figure(run).ToString(format, CultureInfo.InvariantCulture)));

        double MedianOf(Func<RunFigures, double> figure)
        {
            var ordered = runs.Select(figure).Order().ToList();
            return (ordered[(ordered.Count - 1) / 2] + ordered[ordered.Count / 2]) / 2;
        }
    }

    private static string Text(double value, string unit, string format) => value.ToString(format, CultureInfo.InvariantCulture) + unit;

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
        - **Deletions**: a stand-in resource manager takes 5 s for each ManagedResource. When the shoot itself is being deleted, its two
          ManagedResources follow each other; when it lives on, the nodes are first told to uninstall.
        - **Memory** is `VmHWM`, **CPU** is user and system time of `/proc/PID/stat`, both of the kernel. **Start** is the time from the start
          of the process until its caches are complete and its workers run, by its log.

        """);
}
