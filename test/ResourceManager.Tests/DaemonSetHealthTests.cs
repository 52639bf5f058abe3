// SPDX-License-Identifier: Apache-2.0

using k8s.Models;

namespace ResourceManager.Tests;

/// <summary>What Gardener says of a DaemonSet in each state (Gardener contract 4.7).</summary>
public sealed class DaemonSetHealthTests
{
    private const string Outdated = "observed generation outdated (1/2)";

    /// <summary>State of a DaemonSet of generation 2; what is wrong; what is under way.</summary>
    public static TheoryData<string, string, string?, string?> States() => new()
    {
        // maxUnavailable, "observed desired current misscheduled updated unavailable"
        { "1", "2 6 6 0 6 0", null, null },
        { "1", "2 0 0 0 0 0", null, null },
        { "1", "3 6 6 0 6 0", null, null },
        { "1", "1 6 6 0 6 0", Outdated, Outdated },
        { "1", "1 6 6 0 0 6", Outdated, Outdated },
        { "1", "2 6 5 0 6 0", "not enough scheduled pods (5/6)", null },
        { "1", "2 6 6 1 6 0", "misscheduled pods found (1)", null },
        { "1", "2 6 6 0 0 0", null, "0 of 6 replica(s) have been updated" },
        { "1", "2 6 6 0 1 1", null, "1 of 6 replica(s) have been updated" },
        { "1", "2 6 6 0 1 2", "too many unavailable pods found (2/6, only max. 1 unavailable pods allowed)", "1 of 6 replica(s) have been updated" },

        // The last pod of a rollout is made: nothing is tolerated any more, and it is not said to be under way.
        { "1", "2 6 6 0 6 1", "too many unavailable pods found (1/6)", null },
        { "100%", "2 6 6 0 6 6", "too many unavailable pods found (6/6)", null },
        { "2147483647", "2 6 6 0 6 6", "too many unavailable pods found (6/6)", null },
        { "2147483647", "2 6 6 0 5 6", null, "5 of 6 replica(s) have been updated" },

        // A percentage is rounded down here, whereas the DaemonSet controller rounds up and takes one pod of six.
        { "10%", "2 6 6 0 1 1", "too many unavailable pods found (1/6, only max. 0 unavailable pods allowed)", "1 of 6 replica(s) have been updated" },
        { "10%", "2 10 10 0 1 1", null, "1 of 10 replica(s) have been updated" },
        { "10%", "2 19 19 0 1 2", "too many unavailable pods found (2/19, only max. 1 unavailable pods allowed)", "1 of 19 replica(s) have been updated" },
        { "10%", "2 20 20 0 1 2", null, "1 of 20 replica(s) have been updated" },
        { "100%", "2 6 6 0 1 6", null, "1 of 6 replica(s) have been updated" },
        { "0", "2 6 6 0 1 1", "too many unavailable pods found (1/6, only max. 0 unavailable pods allowed)", "1 of 6 replica(s) have been updated" },
        { "OnDelete", "2 6 6 0 1 1", "too many unavailable pods found (1/6, only max. 0 unavailable pods allowed)", "1 of 6 replica(s) have been updated" },
    };

    [Theory]
    [MemberData(nameof(States))]
    public void Each_state_has_one_verdict(string maxUnavailable, string state, string? fault, string? progress)
    {
        var daemonSet = DaemonSet(maxUnavailable, state);

        DaemonSetHealth.Fault(daemonSet).Should().Be(fault);
        DaemonSetHealth.Progress(daemonSet).Should().Be(progress);
    }

    [Fact]
    public void A_DaemonSet_without_a_status_is_not_observed_yet()
    {
        var daemonSet = DaemonSet("1", "2 6 6 0 6 0");
        daemonSet.Status = null!;

        DaemonSetHealth.Fault(daemonSet).Should().Be("observed generation outdated (0/2)");
        DaemonSetHealth.Progress(daemonSet).Should().Be("observed generation outdated (0/2)");
    }

    [Fact]
    public void A_DaemonSet_that_opted_out_is_healthy_whatever_its_state()
    {
        var daemonSet = DaemonSet("1", "1 6 0 3 0 6");
        daemonSet.Metadata.Annotations = new Dictionary<string, string> { ["resources.gardener.cloud/skip-health-check"] = "true" };

        DaemonSetHealth.Fault(daemonSet).Should().BeNull();
        DaemonSetHealth.Progress(daemonSet).Should().BeNull();
    }

    [Theory]
    [InlineData("1", "2 6 6 0 6 1", 1, true)]
    [InlineData("1", "2 6 6 0 6 1", 0, false)]
    [InlineData("1", "2 6 6 0 6 2", 1, false)]
    [InlineData("1", "2 6 6 0 3 2", 1, true)]
    [InlineData("1", "2 6 6 0 3 3", 1, false)]
    public void A_fault_of_preserved_nodes_alone_is_suppressed(string maxUnavailable, string state, int onPreservedNodes, bool isSuppressed) =>
        DaemonSetHealth.IsSuppressed(DaemonSet(maxUnavailable, state), onPreservedNodes).Should().Be(isSuppressed);

    /// <summary>The pool's maximum bounds its nodes, and a tenth of it the nodes that are updated at the same time.</summary>
    [Fact]
    public void No_rollout_with_a_whole_number_of_nodes_is_ever_unhealthy_before_its_last_pods()
    {
        for (var nodes = 1; nodes <= 60; nodes++)
        {
            var maxUnavailable = Math.Max(1, nodes / 10);
            for (var updated = 0; updated < nodes; updated++)
            {
                for (var unavailable = 0; unavailable <= Math.Min(maxUnavailable, nodes); unavailable++)
                {
                    DaemonSetHealth.Fault(DaemonSet($"{maxUnavailable}", $"2 {nodes} {nodes} 0 {updated} {unavailable}")).Should().BeNull();
                }
            }
        }
    }

    private static V1DaemonSet DaemonSet(string maxUnavailable, string state)
    {
        var numbers = state.Split(' ').Select(int.Parse).ToArray();
        return new V1DaemonSet
        {
            Metadata = new() { Name = "containerd-gvisor-a", NamespaceProperty = "kube-system", Generation = 2 },
            Spec = new()
            {
                UpdateStrategy = maxUnavailable == "OnDelete"
                    ? new() { Type = "OnDelete" }
                    : new() { Type = "RollingUpdate", RollingUpdate = new() { MaxUnavailable = maxUnavailable } },
            },
            Status = new()
            {
                ObservedGeneration = numbers[0],
                DesiredNumberScheduled = numbers[1],
                CurrentNumberScheduled = numbers[2],
                NumberMisscheduled = numbers[3],
                UpdatedNumberScheduled = numbers[4],
                NumberUnavailable = numbers[5] == 0 ? null : numbers[5],
            },
        };
    }
}
