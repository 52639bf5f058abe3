// SPDX-License-Identifier: Apache-2.0

using ControlPlane;

namespace Integration.Tests;

/// <summary>What a ContainerRuntime costs the seed's API server, counted in its audit log.</summary>
[Collection(OwnSeedCollection.Name)]
public sealed class RequestBudgetTests(OwnSeed seed)
{
    [Fact]
    public async Task A_fresh_ContainerRuntime_costs_at_most_seven_requests_an_unchanged_one_three_and_its_health_one()
    {
        await using var controller = await seed.StartControllerAsync();
        var shoot = await Shoot.CreateAsync(seed.Api);
        await shoot.DeployAsync("a");
        await shoot.WaitUntilReadyAsync("a");
        await shoot.DeployAsync("b");
        await shoot.WaitUntilReadyAsync("b");
        var fresh = RequestsOfTheControllerFor(shoot);
        fresh.Count.Should().BeLessThanOrEqualTo(2 * 7, string.Join('\n', fresh));

        await shoot.AnnotateAsync("a", "reconcile");
        await shoot.WaitUntilReadyAsync("a");
        var unchanged = RequestsOfTheControllerFor(shoot).Skip(fresh.Count).ToList();
        unchanged.Count.Should().BeLessThanOrEqualTo(3, string.Join('\n', unchanged));

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
