// SPDX-License-Identifier: Apache-2.0

using ControlPlane;

namespace Integration.Tests;

/// <summary>Two replicas with leader election, as the Deployment runs them.</summary>
[Collection(OwnSeedCollection.Name)]
public sealed class ReplicaTests(OwnSeed seed) : IAsyncDisposable
{
    private readonly CancellationTokenSource _stop = new();
    private readonly List<ControllerProcess> _replicas = [];

    /// <summary>A replica that outlives a failed test would work on the objects of the next ones.</summary>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        foreach (var replica in _replicas)
        {
            await replica.DisposeAsync();
        }

        _stop.Dispose();
    }

    [Fact]
    public async Task The_follower_is_ready_and_takes_over_and_never_do_both_write()
    {
        var kubeconfigs = new[] { await seed.ControlPlane.CreateReplicaKubeconfigAsync("one"), await seed.ControlPlane.CreateReplicaKubeconfigAsync("two") };
        var shoot = await Shoot.CreateAsync(seed.Api);
        await shoot.DeployAsync("a");

        // Work at all times, so that a leader that should no longer write would be seen.
        var work = KeepBusyAsync(shoot, _stop.Token);

        var one = await StartAsync(kubeconfigs[0]);
        await LeaderIsAsync("one");
        var two = await StartAsync(kubeconfigs[1]);
        (await two.AnswersAsync("/readyz")).Should().BeTrue("a follower is ready");
        (await two.AnswersAsync("/healthz")).Should().BeTrue();

        one.Process.Terminate();
        await LeaderIsAsync("two");
        await one.Process.WaitForExitAsync(TimeSpan.FromSeconds(30), CancellationToken.None);
        one.Process.ExitCode.Should().Be(0, one.Process.Output);
        one.Process.Output.Should().Contain("Released the Lease", "the other one need not wait until it has run out");
        await one.DisposeAsync();

        one = await StartAsync(kubeconfigs[0]);
        two.Process.Kill();
        await LeaderIsAsync("one");

        await _stop.CancelAsync();
        await work;
        await shoot.WaitUntilReadyAsync("a");
        await one.DisposeAsync();
        await two.DisposeAsync();

        var writers = seed.ControlPlane.ReadAuditLog()
            .Where(request => request.IsWrite && request.Resource != "leases" && request.Resource != "events")
            .OrderBy(request => request.Time)
            .Select(ReplicaOf)
            .Where(replica => replica is not null)
            .ToList();
        writers.Where((replica, index) => index == 0 || writers[index - 1] != replica)
            .Should().Equal(["one", "two", "one"], "each replica writes only while it leads");
    }

    private static string? ReplicaOf(AuditedRequest request) =>
        ((string[])["one", "two"]).FirstOrDefault(name => request.User.EndsWith($":{name}", StringComparison.Ordinal));

    private static async Task KeepBusyAsync(Shoot shoot, CancellationToken cancellationToken)
    {
        while (!cancellationToken.IsCancellationRequested)
        {
            await shoot.AnnotateAsync("a", "reconcile");
            await Task.Delay(TimeSpan.FromMilliseconds(50), TimeProvider.System, CancellationToken.None);
        }
    }

    private async Task<ControllerProcess> StartAsync(string kubeconfig)
    {
        var controller = ControllerProcess.Start(new ControllerOptions { Kubeconfig = kubeconfig, LeaderElection = true });
        _replicas.Add(controller);
        await controller.WaitUntilReadyAsync();
        return controller;
    }

    /// <summary>Waits until a replica does the work: to hold the Lease is not enough. How soon it does is a test of the elector, with a clock of its own.</summary>
    private Task LeaderIsAsync(string name)
    {
        var seen = seed.ControlPlane.ReadAuditLog().Count;
        return Eventually.TrueAsync(
            $"replica {name} works",
            () => Task.FromResult(seed.ControlPlane.ReadAuditLog().Skip(seen).Any(request =>
                ReplicaOf(request) == name && request.IsWrite && request.Resource.StartsWith("containerruntimes", StringComparison.Ordinal))));
    }
}
