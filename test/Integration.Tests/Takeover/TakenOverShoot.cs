// SPDX-License-Identifier: Apache-2.0

using ControlPlane;

namespace Integration.Tests.Takeover;

/// <summary>
/// A shoot with two pools that the Go extension set up, one of them long ago, at each stage of its takeover: as it was, after our controller
/// has started, after gardenlet's next reconcile, and after one more.
/// </summary>
public sealed class TakenOverShoot(OwnSeed seed) : IAsyncLifetime
{
    public static readonly string[] Pools = ["a", "old"];

    internal Landscape Before { get; private set; } = null!;

    internal Landscape Started { get; private set; } = null!;

    internal Landscape Reconciled { get; private set; } = null!;

    internal Landscape ReconciledAgain { get; private set; } = null!;

    /// <summary>When the Go extension renewed its Lease for the last time.</summary>
    public DateTimeOffset LastRenewal { get; private set; }

    /// <summary>Everything that was asked of the API server since our controller started.</summary>
    public IReadOnlyList<AuditedRequest> Requests { get; private set; } = [];

    public string Namespace { get; private set; } = null!;

    public async ValueTask InitializeAsync()
    {
        await Landscape.ClearShootAsync(seed.Api);
        var shoot = await Shoot.CreateAsync(seed.Api);
        Namespace = shoot.Namespace;
        await using var resourceManager = ResourceManagerProcess.Start(seed.ControlPlane, TimeSpan.Zero, apply: true, shoot.Namespace);
        var go = new GoExtension(seed.Api, shoot);
        await go.ReconcileAsync("a");
        await go.ReconcileAsOldReleaseAsync("old");
        await shoot.WaitUntilAppliedAsync();
        Before = await Landscape.ReadAsync(seed.Api, shoot);

        // Another shoot asks for something: when it has it, the controller works, and has seen what was there at its start.
        var other = await Shoot.CreateAsync(seed.Api);
        await other.DeployAsync("a");
        var requestsBefore = seed.ControlPlane.ReadAuditLog().Count;
        await go.LeaveLeasesAsync();
        LastRenewal = TimeProvider.System.GetUtcNow();
        await using var controller = ControllerProcess.Start(new ControllerOptions { Kubeconfig = seed.ControlPlane.ControllerKubeconfig, LeaderElection = true });
        await controller.WaitUntilReadyAsync();
        await other.WaitUntilReadyAsync("a");
        await Task.Delay(TimeSpan.FromSeconds(1), TimeProvider.System, CancellationToken.None);
        Started = await Landscape.ReadAsync(seed.Api, shoot);

        Reconciled = await ReconcileAsync(shoot);
        ReconciledAgain = await ReconcileAsync(shoot);
        Requests = [.. seed.ControlPlane.ReadAuditLog().Skip(requestsBefore)];
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var lease in (string[])["runtime-gvisor-leader-election", "gardener-extension-heartbeat"])
        {
            await seed.Api.DeleteAsync(ApiPaths.Leases(LocalControlPlane.ExtensionNamespace, lease));
        }

        await Landscape.ClearShootAsync(seed.Api);
    }

    /// <summary>What gardenlet does with each reconcile of the shoot.</summary>
    private async Task<Landscape> ReconcileAsync(Shoot shoot)
    {
        foreach (var pool in Pools)
        {
            await shoot.AnnotateAsync(pool, "reconcile");
        }

        foreach (var pool in Pools)
        {
            await shoot.WaitUntilReadyAsync(pool);
        }

        await shoot.WaitUntilAppliedAsync();
        return await Landscape.ReadAsync(seed.Api, shoot);
    }
}
