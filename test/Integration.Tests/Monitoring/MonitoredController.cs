// SPDX-License-Identifier: Apache-2.0

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
        await Task.Delay(TimeSpan.FromSeconds(2), TimeProvider.System, TestContext.Current.CancellationToken);
    }

    public async ValueTask DisposeAsync()
    {
        if (_prometheus is not null)
        {
            await _prometheus.DisposeAsync();
        }
    }
}
