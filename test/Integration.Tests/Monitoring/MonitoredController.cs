// SPDX-License-Identifier: Apache-2.0

using System.Text.Json.Nodes;
using ControlPlane;

namespace Integration.Tests.Monitoring;

/// <summary>A real Prometheus that scrapes the shared seed's controller, after it has done a bit of everything.</summary>
public sealed class MonitoredController(SharedSeed seed) : IAsyncLifetime
{
    private PrometheusServer? _prometheus;

    public PrometheusServer Prometheus => _prometheus!;

    public Task<string> ReadMetricsAsync() => seed.Controller.ReadMetricsAsync();

    public async ValueTask InitializeAsync()
    {
        var shoot = await Shoot.CreateAsync(seed.Api);
        await shoot.DeployAsync("a");
        await shoot.DeployAsync("b");
        await shoot.WaitForHealthAsync("a", "True");
        await shoot.DeleteAsync("b");
        await shoot.WaitUntilGoneAsync("b");
        var alerts = Path.Combine(Repository.Root, "charts", "gardener-extension-runtime-gvisor", "alerts", "gvisor.yaml");
        _prometheus = await PrometheusServer.StartAsync(seed.Controller.MetricsPort, alerts, TestContext.Current.CancellationToken);

        // Rates need something that happens while it is looked at.
        await shoot.AnnotateAsync("a", "reconcile");
        await shoot.WaitUntilReadyAsync("a");
    }

    /// <summary>What an expression gives once it gives anything: a scrape that comes too late on a busy machine leaves a gap.</summary>
    public Task<JsonArray> QueryAsync(string expression) =>
        Eventually.GetAsync(expression, () => Prometheus.QueryAsync(expression), series => series.Count > 0);

    public async ValueTask DisposeAsync()
    {
        if (_prometheus is not null)
        {
            await _prometheus.DisposeAsync();
        }
    }
}
