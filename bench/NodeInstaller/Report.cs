// SPDX-License-Identifier: Apache-2.0

using Measurement;

namespace NodeInstaller;

/// <summary>The Markdown page on what was measured, with medians, goals and verdicts.</summary>
internal static class Report
{
    public static string Write(Setting setting, IReadOnlyList<NodeFigures> runs)
    {
        var page = new ReportPage<NodeFigures>(runs);
        page.Line($"# Performance on the node");
        page.Line($"");
        page.Line($"Written by `make bench`, which anybody can repeat. It measures the native installer on the [node test bed](node-test-bed.md) against");
        page.Line($"the least that a script can do.");
        page.Line($"");
        page.Line($"- Date: {setting.Machine.Date}; {runs.Count} runs, after one that does not count");
        page.Line($"- Machine: {setting.Machine.Description}; load average at the start {setting.Machine.Load}");
        page.Line($"- {setting.Containerd}");
        page.Line($"");
        page.Line($"## Goals");
        page.Line($"");
        page.Goals();
        page.AtMost($"start until containerd serves the handler, fresh node, times the script's", 2, "", "0.00", run => run.Installer.Serving / run.Script.Serving);
        page.AtMost($"start until ready with a sandbox's proof, fresh node", 2, " s", "0.00", run => run.Ready.TotalSeconds);
        page.AtMost($"containerd does not answer, times the script's restart", 1.1, "", "0.00", run => run.Installer.Outage / run.Script.Outage);
        page.AtMost($"restarts of containerd, unchanged node", 0, "", "0", run => run.UnchangedRestart ? 1 : 0);
        page.AtMost($"CPU, unchanged node", 100, " ms", "0", run => run.UnchangedCpu.TotalMilliseconds);
        page.AtMost($"resident memory, idle", 20, " MB", "0.0", run => run.IdleMemory / Bytes.Megabyte);
        page.AtMost($"size of the executable", 18, " MB", "0.0", setting.ExecutableBytes / Bytes.Megabyte);
        page.Line($"");
        page.Line($"## Times");
        page.Line($"");
        page.Line($"They depend on the machine and on what else it does; the ratios above do much less.");
        page.Line($"");
        page.Figures();
        page.Figure($"start until containerd serves the handler: script", " ms", "0", run => run.Script.Serving.TotalMilliseconds);
        page.Figure($"– installer", " ms", "0", run => run.Installer.Serving.TotalMilliseconds);
        page.Figure($"containerd does not answer: script", " ms", "0", run => run.Script.Outage.TotalMilliseconds);
        page.Figure($"– installer", " ms", "0", run => run.Installer.Outage.TotalMilliseconds);
        page.Figure($"a pod of one container in gVisor, without the installer", " ms", "0", run => run.Pod.TotalMilliseconds);
        page.Figure($"start until ready, unchanged node", " ms", "0", run => run.UnchangedReady.TotalMilliseconds);
        page.Figure($"peak of the resident memory of an installation", " MB", "0.0", run => run.PeakMemory / Bytes.Megabyte);
        page.Append("""

            ## What is measured

            - **Script**: a shell that copies `runsc` and the shim, appends the handler to containerd's configuration, writes an empty `runsc.toml` and
              calls `systemctl restart containerd`. It checks nothing, proves nothing, and cannot be killed in between without harm.
            - **Installer**: the executable with verb `install` in a container with the mounts and privileges of its DaemonSet. It checks the release
              against its checksums, has `containerd config dump` judge the new configuration, writes a journal, restarts, waits, and starts a sandbox.
            - **Start**: both are complete and wait at a named pipe (the installer's container as `runc create` leaves it); the time runs from the moment
              in which the pipe is opened. So the start of a shell or of a container counts for neither, the start of the installer's program does.
            - **Serves**, **does not answer**: a client on containerd's socket asks for its verbose status, 5 ms after each answer. It sees the handler
              in the configuration that containerd has loaded; an outage is the time between the last answer before a restart and the first after it.
            - **Ready**: `/readyz` answers 200, asked from within the node's network every 20 ms. By then a sandbox and a container in it have started
              and run to their end; they are removed after it. A pod that the benchmark starts through the CRI shows how much of this is gVisor's own time here.
            - Both work on the same node, which is taken back to its first state and left alone for a second before each; they take turns.
            - **Memory** is `VmRSS` 3 s after a fresh installation and `VmHWM`, **CPU** is user and system time of `/proc/PID/stat`, both of the kernel.

            """);
        return page.ToString();
    }
}
