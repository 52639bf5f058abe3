// SPDX-License-Identifier: Apache-2.0

using Chart.Tests;
using ControlPlane;

[assembly: AssemblyFixture(typeof(Seed))]

namespace Chart.Tests;

/// <summary>A seed's API server, with the controller's account and rights as the chart brings them, and a resource manager.</summary>
public sealed class Seed : IAsyncLifetime
{
    private ChildProcess? _resourceManager;

    public LocalControlPlane ControlPlane { get; private set; } = null!;

    public ApiServer Api => ControlPlane.Api;

    public async ValueTask InitializeAsync()
    {
        ControlPlane = await LocalControlPlane.StartAsync(TestContext.Current.CancellationToken);
        _resourceManager = ResourceManagerProcess.Start(ControlPlane, TimeSpan.FromMilliseconds(50));
    }

    public async ValueTask DisposeAsync()
    {
        if (_resourceManager is not null)
        {
            await _resourceManager.DisposeAsync();
        }

        if (ControlPlane is not null)
        {
            await ControlPlane.DisposeAsync();
        }
    }
}
