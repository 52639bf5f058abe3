// SPDX-License-Identifier: Apache-2.0

using RuntimeGVisor.NodeInstaller.Convergence;

namespace RuntimeGVisor.NodeInstaller.Tests.Convergence;

public sealed class RestartBudgetTests
{
    private static readonly DateTimeOffset Now = new(2026, 11, 22, 12, 0, 0, TimeSpan.Zero);

    [Fact]
    public void A_restart_is_allowed_while_there_were_fewer_than_the_maximum() =>
        RestartBudget.NextAllowed([Ago(50), Ago(10)], 3, Now).Should().Be(Now);

    [Fact]
    public void The_next_restart_waits_until_the_oldest_that_counts_is_an_hour_old() =>
        RestartBudget.NextAllowed([Ago(50), Ago(10)], 2, Now).Should().Be(Now + TimeSpan.FromMinutes(10));

    [Fact]
    public void More_restarts_than_the_maximum_wait_longer() =>
        RestartBudget.NextAllowed([Ago(50), Ago(40), Ago(10)], 1, Now).Should().Be(Now + TimeSpan.FromMinutes(50));

    [Fact]
    public void Restarts_of_an_hour_ago_and_of_the_future_do_not_count() =>
        RestartBudget.NextAllowed([Ago(60), Ago(-5)], 1, Now).Should().Be(Now);

    [Theory]
    [InlineData(1, 15)]
    [InlineData(2, 30)]
    [InlineData(3, 60)]
    [InlineData(7, 900)]
    [InlineData(1000, 900)]
    public void A_failed_reconcile_is_tried_again_later_and_later(int attempts, int seconds) =>
        RetryDelay.After(FailureReason.SandboxFailed, attempts).Should().Be(TimeSpan.FromSeconds(seconds));

    [Theory]
    [InlineData(1)]
    [InlineData(1000)]
    public void What_is_only_not_there_yet_is_looked_for_again_soon(int attempts) =>
        RetryDelay.After(FailureReason.ContainerdConfigurationMissing, attempts).Should().Be(TimeSpan.FromSeconds(2));

    private static DateTimeOffset Ago(int minutes) => Now - TimeSpan.FromMinutes(minutes);
}
