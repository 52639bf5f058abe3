// SPDX-License-Identifier: Apache-2.0

using ControlPlane;

namespace Integration.Tests;

/// <summary>What a ContainerRuntime costs the seed's API server, counted in its audit log.</summary>
[Collection(OwnSeedCollection.Name)]
public sealed class RequestBudgetTests(OwnSeed seed)
{
    [Fact]
    public async Task A_new_ContainerRuntime_costs_six_requests_an_unchanged_one_three_its_health_one()
    {
        await using var controller = await seed.StartControllerAsync(null, "--health-conditions");
        var shoot = await Shoot.CreateAsync(seed.Api);
        await shoot.DeployAsync("a");
        await shoot.WaitUntilReadyAsync("a");
        await shoot.DeployAsync("b");
        await shoot.WaitUntilReadyAsync("b");
        var fresh = RequestsOfTheControllerFor(shoot);

        // Annotation, secret, ManagedResource, status for each, two for what they share, and a look at the Cluster for each: b comes later.
        fresh.Count.Should().BeLessThanOrEqualTo((2 * 4) + 2 + 2, string.Join('\n', fresh));

        // Within the second of the last success, the request would have to be remembered in the status.
        await Task.Delay(TimeSpan.FromSeconds(1.1), TimeProvider.System, TestContext.Current.CancellationToken);
        await shoot.AnnotateAsync("a", "reconcile");
        await shoot.WaitUntilReadyAsync("a");
        var unchanged = RequestsOfTheControllerFor(shoot).Skip(fresh.Count).ToList();
        unchanged.Select(request => $"{request.Verb} {request.Resource}").Should().BeEquivalentTo(
            "get clusters", "patch containerruntimes", "patch containerruntimes/status");

        // Only now does a resource manager report.
        await using var resourceManager = ResourceManagerProcess.Start(seed.ControlPlane, TimeSpan.Zero);
        await shoot.WaitForHealthAsync("a", "True");
        await shoot.WaitForHealthAsync("b", "True");
        var health = RequestsOfTheControllerFor(shoot).Skip(fresh.Count + unchanged.Count).ToList();
        health.Should().HaveCount(2).And.AllSatisfy(request => request.Resource.Should().Be("containerruntimes/status"));
    }

    private List<AuditedRequest> RequestsOfTheControllerFor(Shoot shoot) =>
        [.. seed.ControlPlane.ReadAuditLog().Where(request =>
            request.UserAgent.StartsWith("gardener-extension-runtime-gvisor", StringComparison.Ordinal)
            && (request.Namespace == shoot.Namespace || request.Name == shoot.Namespace))];
}
