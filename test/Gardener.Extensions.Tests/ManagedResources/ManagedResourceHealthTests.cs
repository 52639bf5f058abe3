// SPDX-License-Identifier: Apache-2.0

using Gardener.Extensions.Api;
using Gardener.Extensions.ManagedResources;

namespace Gardener.Extensions.Tests.ManagedResources;

public sealed class ManagedResourceHealthTests
{
    // observed generation of 2, ResourcesApplied, ResourcesHealthy, ResourcesProgressing => applied, healthy and rolled out
    [Theory]
    [InlineData(2, "True", "True", "False", true, true)]
    [InlineData(2, "True", "True", "True", true, false)]
    [InlineData(2, "True", "True", "Unknown", true, false)]
    [InlineData(2, "True", "True", null, true, false)]
    [InlineData(2, "True", "False", "False", true, false)]
    [InlineData(2, "True", "Unknown", "False", true, false)]
    [InlineData(2, "True", null, "False", true, false)]
    [InlineData(2, "False", "True", "False", false, false)]
    [InlineData(2, "Progressing", "True", "False", false, false)]
    [InlineData(2, null, "True", "False", false, false)]
    [InlineData(2, "true", "true", "false", false, false)]
    [InlineData(1, "True", "True", "False", false, false)]
    [InlineData(3, "True", "True", "False", false, false)]
    [InlineData(null, "True", "True", "False", false, false)]
    public void Conditions_count_only_for_the_generation_they_speak_of(
        int? observed, string? applied, string? healthy, string? progressing, bool isApplied, bool isHealthyAndRolledOut)
    {
        var value = Value(observed, applied, healthy, progressing);

        value.IsApplied().Should().Be(isApplied);
        value.HealthyAndRolledOutSince().HasValue.Should().Be(isHealthyAndRolledOut);
    }

    [Theory]
    [InlineData(3, 7, 7)]
    [InlineData(7, 3, 7)]
    public void The_later_of_two_verdicts_tells_since_when_all_is_well(int healthyAt, int rolledOutAt, int since)
    {
        var value = new ManagedResource
        {
            Metadata = new() { Generation = 2 },
            Status = new()
            {
                ObservedGeneration = 2,
                Conditions =
                [
                    new() { Type = ManagedResourceCondition.ResourcesApplied, Status = "True", LastTransitionTime = At(9) },
                    new() { Type = ManagedResourceCondition.ResourcesHealthy, Status = "True", LastTransitionTime = At(healthyAt) },
                    new() { Type = ManagedResourceCondition.ResourcesProgressing, Status = "False", LastTransitionTime = At(rolledOutAt) },
                ],
            },
        };

        value.HealthyAndRolledOutSince().Should().Be(At(since));

        static DateTimeOffset At(int second) => new(2026, 5, 4, 10, 0, second, TimeSpan.Zero);
    }

    [Fact]
    public void Without_a_status_nothing_is_known()
    {
        var value = new ManagedResource { Metadata = new() { Generation = 1 } };

        value.IsApplied().Should().BeFalse();
        value.HealthyAndRolledOutSince().Should().BeNull();
        value.ReasonNotReady().Should().BeNull();
        value.Condition(ManagedResourceCondition.ResourcesApplied).Should().BeNull();
    }

    [Theory]
    [InlineData("True", "True", "False", null)]
    [InlineData(null, null, null, null)]
    [InlineData("False", "False", "True", "reason of ResourcesApplied: message of ResourcesApplied")]
    [InlineData("True", "False", "True", "reason of ResourcesHealthy: message of ResourcesHealthy")]
    [InlineData("True", "True", "True", "reason of ResourcesProgressing: message of ResourcesProgressing")]
    [InlineData("Progressing", "True", "False", "reason of ResourcesApplied: message of ResourcesApplied")]
    public void The_first_condition_that_is_not_good_is_the_reason(string? applied, string? healthy, string? progressing, string? reason) =>
        Value(2, applied, healthy, progressing).ReasonNotReady().Should().Be(reason);

    private static ManagedResource Value(long? observed, string? applied, string? healthy, string? progressing) => new()
    {
        Metadata = new() { Generation = 2 },
        Status = new()
        {
            ObservedGeneration = observed,
            Conditions =
            [
                .. Condition(ManagedResourceCondition.ResourcesApplied, applied),
                .. Condition(ManagedResourceCondition.ResourcesHealthy, healthy),
                .. Condition(ManagedResourceCondition.ResourcesProgressing, progressing),
            ],
        },
    };

    private static ManagedResourceCondition[] Condition(string type, string? status) =>
        status is null ? [] : [new() { Type = type, Status = status, Reason = $"reason of {type}", Message = $"message of {type}" }];
}
