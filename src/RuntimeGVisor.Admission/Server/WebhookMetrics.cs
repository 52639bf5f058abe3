// SPDX-License-Identifier: Apache-2.0

using System.Collections.Concurrent;
using System.Globalization;
using Hosting.Metrics;

namespace RuntimeGVisor.Admission.Server;

/// <summary>Metrics of a webhook under the names of controller-runtime, so that its dashboards show it.</summary>
internal sealed class WebhookMetrics
{
    private static readonly double[] Buckets = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

    private readonly string _path;
    private readonly MetricFamily<Counter> _requestsTotal;
    private readonly ConcurrentDictionary<int, Counter> _requests = new();

    /// <param name="registry">Gets the metrics.</param>
    /// <param name="path">The webhook's path, which is the value of its label.</param>
    public WebhookMetrics(MetricRegistry registry, string path)
    {
        _path = path;
        _requestsTotal = registry.Counter(
            "controller_runtime_webhook_requests_total", "Total number of admission requests by HTTP status code.", "webhook", "code");
        Latency = registry.Histogram(
            "controller_runtime_webhook_latency_seconds", "Histogram of the latency of processing admission requests.", Buckets, "webhook").With(path);
        InFlight = registry.Gauge(
            "controller_runtime_webhook_requests_in_flight", "Current number of admission requests being served.", "webhook").With(path);
        foreach (var code in (int[])[200, 500])
        {
            Requests(code);
        }
    }

    /// <summary>The time from the first byte of a request to its answer.</summary>
    public Histogram Latency { get; }

    /// <summary>Requests that have no answer yet.</summary>
    public Gauge InFlight { get; }

    /// <summary>Requests that were answered with a code.</summary>
    public Counter Requests(int code) =>
        _requests.GetOrAdd(code, static (key, self) => self._requestsTotal.With(self._path, key.ToString(CultureInfo.InvariantCulture)), this);
}
