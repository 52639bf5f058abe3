// SPDX-License-Identifier: Apache-2.0

using RuntimeGVisor.NodeInstaller.Convergence;

namespace RuntimeGVisor.NodeInstaller.Tests.Convergence;

public sealed class RetryDelayTests
{
    [Theory]
    [InlineData("ContainerdConfigurationMissing", 1, 2)]
    [InlineData("ContainerdConfigurationMissing", 1000, 2)]
    [InlineData("ContainerdNotReady", 5, 2)]
    [InlineData("ContainerdRestartFailed", 1, 15)]
    [InlineData("ContainerdRestartFailed", 2, 30)]
    [InlineData("ContainerdRestartFailed", 6, 480)]
    [InlineData("ContainerdRestartFailed", 7, 900)]
    [InlineData("SandboxFailed", int.MaxValue, 900)]
    public void What_is_only_not_there_yet_is_tried_soon_and_what_failed_less_and_less(string reason, int attempts, int seconds) =>
        RetryDelay.After(Enum.Parse<FailureReason>(reason), attempts).Should().Be(TimeSpan.FromSeconds(seconds));
}
