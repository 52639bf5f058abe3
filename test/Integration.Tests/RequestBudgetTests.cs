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
        var done = TimeProvider.System.GetUtcNow();
        var fresh = await RequestsAsync(shoot, request => request.Time < done, statusWrites: 2);

        // Annotation, secret, ManagedResource, status for each, two for what they share, and a look at the Cluster for each: b comes later.
        fresh.Count.Should().BeLessThanOrEqualTo((2 * 4) + 2 + 2, string.Join('\n', fresh));

        // Within the second of the last success, the request would have to be remembered in the status.
        await Task.Delay(TimeSpan.FromSeconds(1.1), TimeProvider.System, TestContext.Current.CancellationToken);
        await shoot.AnnotateAsync("a", "reconcile");
        await shoot.WaitUntilReadyAsync("a");
        var doneAgain = TimeProvider.System.GetUtcNow();
        var unchanged = await RequestsAsync(shoot, request => request.Time > done && request.Time < doneAgain, statusWrites: 1);
        unchanged.Select(request => $"{request.Verb} {request.Resource}").Should().BeEquivalentTo(
            "get clusters", "patch containerruntimes", "patch containerruntimes/status");

        // Only now does a resource manager report.
        await using var resourceManager = ResourceManagerProcess.Start(seed.ControlPlane, TimeSpan.Zero);
        await shoot.WaitForHealthAsync("a", "True");
        await shoot.WaitForHealthAsync("b", "True");
        var health = await RequestsAsync(shoot, request => request.Time > doneAgain, statusWrites: 2);
        health.Should().HaveCount(2).And.AllSatisfy(request => request.Resource.Should().Be("containerruntimes/status"));
    }

    /// <summary>
    /// The controller's requests for a shoot, once the last of them is in the audit log. A status Processing is left out: it is written only when the
    /// machine is so busy that the work takes half a second.
    /// </summary>
    private Task<List<AuditedRequest>> RequestsAsync(Shoot shoot, Predicate<AuditedRequest> isMeant, int statusWrites) => Eventually.GetAsync(
        "the last request in the audit log",
        () =>
        {
            var requests = seed.ControlPlane.ReadAuditLog()
                .Where(request => request.UserAgent.StartsWith("gardener-extension-runtime-gvisor", StringComparison.Ordinal)
                    && (request.Namespace == shoot.Namespace || request.Name == shoot.Namespace)
                    && isMeant(request))
                .ToList();
            return Task.FromResult(requests.Where(request => !IsProcessing(request, requests)).ToList());
        },
        requests => requests.Count(IsStatus) >= statusWrites);

    private static bool IsStatus(AuditedRequest request) => request.Resource == "containerruntimes/status";

    private static bool IsProcessing(AuditedRequest request, IReadOnlyList<AuditedRequest> all) =>
        IsStatus(request)
        && all.Any(later => IsStatus(later) && later.Name == request.Name && later.Time > request.Time)
        && all.LastOrDefault(earlier => earlier.Resource == "containerruntimes" && earlier.Name == request.Name && earlier.Time < request.Time) is { } acceptance
        && request.Time - acceptance.Time >= TimeSpan.FromMilliseconds(500);
}
