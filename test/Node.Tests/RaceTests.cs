// SPDX-License-Identifier: Apache-2.0

using System.Text.Json.Nodes;
using Grpc.Core;
using NodeTestBed;
using NodeTestBed.Cri;

namespace Node.Tests;

/// <summary>
/// What happens at random moments. RACES says how many rounds of each test there are (by default few), RACE_SEED what is drawn; the seed of each run
/// is printed.
/// </summary>
public abstract class RaceTests(TestNode node) : NodeTest(node)
{
    private const int SandboxesPerUpgrade = 4;
    private const int DefaultRounds = 2;
    private static readonly TimeSpan MaxUpgrade = TimeSpan.FromMilliseconds(2500);
    private static readonly TimeSpan Interleaving = TimeSpan.FromSeconds(6);
    private static readonly TimeSpan Settled = TimeSpan.FromSeconds(60);
    private readonly int _seed = ReadNumber("RACE_SEED") ?? Random.Shared.Next();

    private static int Rounds => ReadNumber("RACES") ?? DefaultRounds;

    [Fact]
    public async Task Sandboxes_that_start_at_any_moment_of_an_upgrade_work()
    {
        var random = await AnnounceAsync(nameof(Sandboxes_that_start_at_any_moment_of_an_upgrade_work));
        await InstalledAsync(OldVersion);
        for (var round = 0; round < Rounds; round++)
        {
            var delays = Enumerable.Range(0, SandboxesPerUpgrade).Select(_ => MaxUpgrade * random.NextDouble()).ToList();
            var upgrade = Unlimited(Installer(round % 2 == 0 ? NewVersion : OldVersion)).InstallAsync();
            var starting = delays.Select(StartAsync).ToList();

            (await upgrade).EnsureSuccess();

            foreach (var start in starting)
            {
                var pod = await start;
                await ShouldBeAliveAsync(pod);
                await ShouldBeAliveAsync(await Node.Runtime.RunContainerAsync(pod.SandboxId, CancellationToken));
                await pod.RemoveAsync(CancellationToken);
            }

            await ForgetRestartsAsync();
        }
    }

    /// <summary>
    /// Two installers, a writer like gardener-node-agent that reads, sleeps, truncates and writes, restarts by others, and SIGKILL. Containers live
    /// through it, and the end is as desired.
    /// </summary>
    [Fact]
    public async Task Whoever_interferes_containers_live_and_the_end_is_as_desired()
    {
        var random = await AnnounceAsync(nameof(Whoever_interferes_containers_live_and_the_end_is_as_desired));
        await InstalledAsync(OldVersion);
        Pod[] pods = [await Node.RunPodAsync(), await Node.RunPodAsync(handler: "runc")];
        for (var round = 0; round < Rounds; round++)
        {
            using var end = new CancellationTokenSource(Interleaving, TimeProvider.System);
            int[] seeds = [random.Next(), random.Next(), random.Next(), random.Next()];
            var version = round % 2 == 0 ? NewVersion : OldVersion;
            await Task.WhenAll(
                InstallAndKillAsync(version, 8080, new(seeds[0]), end.Token),
                InstallAndKillAsync(version, 8081, new(seeds[1]), end.Token),
                WriteAsync(new(seeds[2]), end.Token),
                RestartAsync(new(seeds[3]), end.Token));
            await Node.RunAsync("systemctl", "reset-failed", "containerd.service");

            await using (var installer = await Unlimited(Installer(version)).StartAsync("install"))
            {
                await installer.WaitUntilReadyAsync();
                await Eventually.BecomesTrueAsync(
                    "containerd serves the new gVisor",
                    Settled,
                    async token => (await Node.Runtime.ServedConfigurationAsync(token)).Contains($"gvisor/{version}", StringComparison.Ordinal),
                    () => $"round {round} of seed {_seed}\n{installer}");
            }

            foreach (var pod in pods)
            {
                await ShouldBeAliveAsync(pod);
            }

            var young = await Node.RunPodAsync();
            ShouldRunVersion(young, version);
            await young.RemoveAsync(CancellationToken);
            await ForgetRestartsAsync();
        }
    }

    private static int? ReadNumber(string variable) => int.TryParse(Environment.GetEnvironmentVariable(variable), out var number) ? number : null;

    private static Installer Unlimited(Installer installer) =>
        installer with { Configuration = installer.Configuration with { MaxRestartsPerHour = 60 } };

    private async Task<Random> AnnounceAsync(string test)
    {
        await Console.Error.WriteLineAsync($"note: {test}: {Rounds} rounds, RACE_SEED={_seed}");
        return new(_seed);
    }

    // As the kubelet does: what containerd did not answer is asked again.
    private async Task<Pod> StartAsync(TimeSpan delay)
    {
        await Task.Delay(delay, TimeProvider.System, CancellationToken);
        while (true)
        {
            try
            {
                return await Node.RunPodAsync();
            }
            catch (RpcException exception) when (exception.StatusCode == StatusCode.Unavailable)
            {
                await Node.WaitUntilContainerdIsReadyAsync();
            }
        }
    }

    private async Task InstallAndKillAsync(string version, int port, Random random, CancellationToken end)
    {
        var installer = Unlimited(Installer(version));
        installer = installer with { Configuration = installer.Configuration with { HttpPort = port } };
        while (!end.IsCancellationRequested)
        {
            await using var run = await installer.StartAsync("install");
            await PauseAsync(random, 3000, end);
            await run.SignalAsync("KILL");
        }
    }

    private async Task WriteAsync(Random random, CancellationToken end)
    {
        while (!end.IsCancellationRequested)
        {
            var text = Node.ReadFile(ConfigurationFile);
            await PauseAsync(random, 800, end);
            if (text.Length > 0)
            {
                Node.WriteFile(ConfigurationFile, "");
                Node.WriteFile(ConfigurationFile, text);
            }
        }
    }

    private async Task RestartAsync(Random random, CancellationToken end)
    {
        while (!end.IsCancellationRequested)
        {
            await PauseAsync(random, 3000, end);
            await Node.RunAsync("systemctl", "restart", "containerd.service");
        }
    }

    private static async Task PauseAsync(Random random, int maxMilliseconds, CancellationToken end) =>
        await Task.Delay(TimeSpan.FromMilliseconds(random.Next(maxMilliseconds)), TimeProvider.System, end).ContinueWith(_ => { }, TaskScheduler.Default);

    // Rounds follow each other faster than hours.
    private async Task ForgetRestartsAsync()
    {
        var journal = JsonNode.Parse(Node.ReadFile($"{TestNode.StateDirectory}/journal.json"))!;
        journal["restarts"]!.AsArray().Count.Should().BeLessThanOrEqualTo(60, "each restart counts, and there are no more than are allowed");
        journal["restarts"] = new JsonArray();
        Node.WriteFile($"{TestNode.StateDirectory}/journal.json", journal.ToJsonString());
        await Node.RunAsync("systemctl", "reset-failed", "containerd.service");
    }
}
