// SPDX-License-Identifier: Apache-2.0

using System.Collections.Concurrent;
using ControlPlane;

namespace Chart.Tests.Rights;

/// <summary>
/// The chart gives the controller no right that it could do without: each verb is taken away once, and the controller is refused just
/// this within one life of a ContainerRuntime, and says so.
/// </summary>
public sealed class RightsTests(Seed seed)
{
    private const int AtOnce = 4;

    /// <summary>How the controller's log shows a refusal.</summary>
    private const string Refusal = ": 403 ";

    [Fact]
    public async Task The_chart_allows_everything_that_the_controller_does()
    {
        var identity = await Identity.CreateAsync(seed.ControlPlane, "all-rights", without: null);

        var log = await RunAsync(identity);

        log.Should().NotContain(Refusal);
        Refused(identity).Should().BeEmpty();
    }

    [Fact]
    public async Task The_controller_misses_every_single_verb()
    {
        var grants = await Grant.AllAsync(seed.Api);
        var unnoticed = new ConcurrentBag<string>();

        await Parallel.ForEachAsync(
            grants.Index(),
            new ParallelOptions { MaxDegreeOfParallelism = AtOnce, CancellationToken = TestContext.Current.CancellationToken },
            async (entry, _) =>
            {
                var identity = await Identity.CreateAsync(seed.ControlPlane, $"without-{entry.Index}", entry.Item);
                try
                {
                    var log = await RunAsync(identity);
                    if (!log.Contains(Refusal, StringComparison.Ordinal) || !Refused(identity).Any(entry.Item.IsRefusedBy))
                    {
                        unnoticed.Add(entry.Item.ToString());
                    }
                }
                catch (TimeoutException exception)
                {
                    // It hangs without a word.
                    unnoticed.Add($"{entry.Item}: {exception.Message}");
                }
            });

        grants.Count.Should().BeGreaterThan(20);
        unnoticed.Should().BeEmpty("a right that the controller does not miss is one too many");
    }

    /// <summary>Runs a controller through the life of a ContainerRuntime, or until it is refused something; answers what it logged.</summary>
    private async Task<string> RunAsync(Identity identity)
    {
        await using var controller = ControllerProcess.Start(new ControllerOptions
        {
            Kubeconfig = identity.Kubeconfig,
            LeaderElection = true,
            Arguments = [$"--extension-classes={identity.Namespace}", "--heartbeat-renew-interval-seconds=1", "--log-level=debug"],
            Environment = new Dictionary<string, string?> { ["LEADER_ELECTION_NAMESPACE"] = identity.Namespace },
        });
        try
        {
            await new Life(seed.Api, identity.Namespace, HasLogged, () => controller.Process.HasExited || HasLogged(Refusal)).LiveAsync();
        }
        catch (TimeoutException exception)
        {
            throw new TimeoutException($"{exception.Message}\n{controller.Process.Output}", exception);
        }
        catch (LifeEndedException)
        {
            // What was to be seen has been seen.
        }

        return controller.Process.Output;

        bool HasLogged(string text) => controller.Process.Output.Contains(text, StringComparison.Ordinal);
    }

    private IEnumerable<AuditedRequest> Refused(Identity identity) =>
        seed.ControlPlane.ReadAuditLog().Where(request => request.User == identity.User && request.Code == 403);
}
