// SPDX-License-Identifier: Apache-2.0

using RuntimeGVisor.NodeInstaller.Containerd;
using RuntimeGVisor.NodeInstaller.Containerd.V1;
using RuntimeGVisor.NodeInstaller.Convergence;
using RuntimeGVisor.NodeInstaller.Systemd;

namespace RuntimeGVisor.NodeInstaller.Tests.Convergence;

public sealed class RestartPolicyTests
{
    private const string ConfigPath = "/bin/gvisor/a/runsc-1.toml";
    private static readonly DateTimeOffset Now = new(2026, 11, 28, 8, 0, 0, TimeSpan.Zero);

    /// <summary>What containerd serves, what systemd says of it, whether a restart is pending, and what follows.</summary>
    [Theory]
    [InlineData(ConfigPath, "active", "running", null, false, nameof(RestartDecision.NotNeeded))]
    [InlineData(ConfigPath, "active", "running", null, true, nameof(RestartDecision.NotNeeded))]
    [InlineData("/etc/containerd/runsc.toml", "active", "running", null, false, nameof(RestartDecision.Restart))]
    [InlineData("", "active", "running", null, false, nameof(RestartDecision.Restart))]
    [InlineData(null, "activating", "start", null, true, nameof(RestartDecision.Wait))]
    [InlineData(null, "activating", "start-pre", 7u, true, nameof(RestartDecision.Wait))]
    [InlineData(null, "activating", "auto-restart", null, true, nameof(RestartDecision.Wait))]
    [InlineData(null, "deactivating", "stop", null, true, nameof(RestartDecision.Wait))]
    [InlineData(null, "inactive", "dead", null, true, nameof(RestartDecision.Wait))]
    [InlineData(null, "active", "running", null, true, nameof(RestartDecision.Wait))]
    [InlineData(null, "failed", "failed", null, false, nameof(RestartDecision.Wait))]
    [InlineData(null, "failed", "failed", 7u, true, nameof(RestartDecision.Wait))]
    [InlineData(null, "failed", "failed", null, true, nameof(RestartDecision.Restart))]
    public void Containerd_is_restarted_only_where_that_is_ours_to_do(
        string? served, string activeState, string subState, uint? job, bool isPending, string decision) =>
        RestartPolicy.Decide(Serving(served), new("runsc", ConfigPath), Service(activeState, subState, job), isPending).ToString().Should().Be(decision);

    [Theory]
    [InlineData(0, 55)]
    [InlineData(50, 55)]
    [InlineData(150, 105)]
    [InlineData(10000, 300)]
    public void A_start_is_waited_for_the_longer_the_more_sandboxes_there_are(int sandboxes, int seconds) =>
        RestartPolicy.StartLimit(sandboxes).Should().Be(TimeSpan.FromSeconds(seconds));

    [Theory]
    [InlineData("activating", "start-pre", false)]
    [InlineData("activating", "start", false)]
    [InlineData("active", "running", false)]
    [InlineData("activating", "auto-restart", true)]
    [InlineData("failed", "failed", true)]
    public void A_slow_start_is_not_a_failed_one(string activeState, string subState, bool hasFailed) =>
        RestartPolicy.HasFailed(Service(activeState, subState)).Should().Be(hasFailed);

    /// <summary>A pool of 500 nodes whose controller has just rolled out a release must not restart at once.</summary>
    [Theory]
    [InlineData("active", 11, 30)]
    [InlineData("active", 9, 0)]
    [InlineData("activating", 11, 0)]
    public void Only_a_containerd_that_has_been_up_for_a_while_is_restarted_later(string activeState, int minutes, int seconds) =>
        RestartPolicy.Delay(
            Service(activeState, "running") with { ActiveSince = Now.AddMinutes(-minutes) }, Now, TimeSpan.FromSeconds(60), random: 0.5)
            .Should().Be(TimeSpan.FromSeconds(seconds));

    private static ServiceStatus Service(string activeState, string subState, uint? job = null) => new()
    {
        ActiveState = activeState,
        SubState = subState,
        Result = "success",
        InvocationId = "1",
        MainPid = 1,
        ActiveSince = Now,
        Job = job,
        Command = [],
    };

    /// <summary>A containerd that serves the handler with a file, serves none of that name, or does not answer.</summary>
    private static ServedRuntime Serving(string? configPath)
    {
        if (configPath is null)
        {
            return ServedRuntime.Unavailable("connection refused");
        }

        var runtimes = configPath.Length == 0
            ? "{}"
            : $$$$"""{"runsc":{"runtimeType":"io.containerd.runsc.v1","options":{"TypeUrl":"io.containerd.runsc.v1.options","ConfigPath":"{{{{configPath}}}}"}}}""";
        return ServedRuntime.From(new()
        {
            Status = new() { Conditions = { new RuntimeCondition { Type = "RuntimeReady", Status = true } } },
            Info = { ["config"] = $$$"""{"containerd":{"runtimes":{{{runtimes}}}}}""" },
        });
    }
}
