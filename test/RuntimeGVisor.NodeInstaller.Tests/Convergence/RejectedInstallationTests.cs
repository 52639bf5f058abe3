// SPDX-License-Identifier: Apache-2.0

using RuntimeGVisor.NodeInstaller.Convergence;

namespace RuntimeGVisor.NodeInstaller.Tests.Convergence;

public sealed class RejectedInstallationTests
{
    private static readonly DateTimeOffset Now = new(2026, 11, 28, 8, 0, 0, TimeSpan.Zero);

    [Theory]
    [InlineData("/a", "inputs", 1, true)]
    [InlineData("/a", "inputs", 23, true)]
    [InlineData("/a", "inputs", 24, false)]
    [InlineData("/b", "inputs", 1, false)]
    [InlineData("/a", "other inputs", 1, false)]
    [InlineData("/a", "inputs", -1, false)]
    public void What_failed_is_tried_again_when_an_input_changes_or_a_day_has_passed(string configPath, string inputs, int hours, bool applies) =>
        new RejectedInstallation("/a", "inputs", FailureReason.SandboxFailed, "no", Now).Applies(configPath, inputs, Now.AddHours(hours)).Should().Be(applies);
}
