// SPDX-License-Identifier: Apache-2.0

namespace Hosting.Metrics;

/// <summary>What Prometheus' own clients tell of every process; controller-runtime's registry has it, too.</summary>
public static class ProcessMetrics
{
    /// <summary>Adds the <c>process_*</c> metrics, which are read from the system whenever the metrics are.</summary>
    /// <param name="registry">Gets them.</param>
    /// <param name="time">Tells when the process has started: now.</param>
    public static void Register(MetricRegistry registry, TimeProvider time)
    {
        registry.Counter("process_cpu_seconds_total", "Total user and system CPU time spent in seconds.").With()
            .Compute(static () => Environment.CpuUsage.TotalTime.TotalSeconds);
        registry.Gauge("process_resident_memory_bytes", "Resident memory size in bytes.").With()
            .Compute(static () => Environment.WorkingSet);
        registry.Gauge("process_open_fds", "Number of open file descriptors.").With()
            .Compute(static () => Directory.EnumerateFileSystemEntries("/proc/self/fd").Count());
        registry.Gauge("process_start_time_seconds", "Start time of the process since unix epoch in seconds.").With()
            .Set(time.GetUtcNow().ToUnixTimeMilliseconds() / 1000.0);
    }
}
