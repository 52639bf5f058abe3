// SPDX-License-Identifier: Apache-2.0

using ControlPlane;
using Integration.Tests;

[assembly: AssemblyFixture(typeof(SharedSeed))]

namespace Integration.Tests;

/// <summary>One seed with a running controller and resource manager, for all tests that need nothing else. Each has its own shoots.</summary>
public sealed class SharedSeed : IAsyncLifetime
{
    /// <summary>How long the deletion of a ManagedResource takes: long enough that the controller has to wait for it.</summary>
    private static readonly TimeSpan DeletionDelay = TimeSpan.FromMilliseconds(300);

    private ChildProcess? _resourceManager;
    private ControllerProcess? _controller;

    public LocalControlPlane ControlPlane { get; private set; } = null!;

    public ApiServer Api => ControlPlane.Api;

    public ControllerProcess Controller => _controller!;

    /// <summary>What the controller has logged.</summary>
    public string ControllerOutput => Controller.Process.Output;

    public async ValueTask InitializeAsync()
    {
        ControlPlane = await LocalControlPlane.StartAsync(TestContext.Current.CancellationToken);
        _resourceManager = ResourceManagerProcess.Start(ControlPlane, DeletionDelay);
        _controller = ControllerProcess.Start(
            new ControllerOptions { Kubeconfig = ControlPlane.ControllerKubeconfig, LeaderElection = true, Arguments = ["--log-level=debug", "--health-conditions"] });
        await _controller.WaitUntilReadyAsync();
    }

    public async ValueTask DisposeAsync()
    {
        if (_controller is not null)
        {
            await _controller.DisposeAsync();
        }

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

/// <summary>A seed for tests that start, stop and kill controllers themselves. They run one after the other.</summary>
public sealed class OwnSeed : IAsyncLifetime
{
    public LocalControlPlane ControlPlane { get; private set; } = null!;

    public ApiServer Api => ControlPlane.Api;

    public async ValueTask InitializeAsync() => ControlPlane = await LocalControlPlane.StartAsync(TestContext.Current.CancellationToken);

    public ValueTask DisposeAsync() => ControlPlane.DisposeAsync();

    public async Task<ControllerProcess> StartControllerAsync(string? kubeconfig = null, params string[] arguments)
    {
        var controller = ControllerProcess.Start(
            new ControllerOptions { Kubeconfig = kubeconfig ?? ControlPlane.ControllerKubeconfig, Arguments = arguments });
        try
        {
            await controller.WaitUntilReadyAsync();
            return controller;
        }
        catch
        {
            await controller.DisposeAsync();
            throw;
        }
    }
}

/// <summary>They share what is in their seed, so they run one after the other; classes with a seed as their fixture run beside them.</summary>
[CollectionDefinition(Name)]
public sealed class OwnSeedCollection : ICollectionFixture<OwnSeed>
{
    public const string Name = "tests with a seed of their own";
}
