// SPDX-License-Identifier: Apache-2.0

using Gardener.Extensions.Api;
using RuntimeGVisor.Controller.ContainerRuntimes;

namespace RuntimeGVisor.Controller.Tests.ContainerRuntimes;

public sealed class UninstallationTimeTests
{
    public static TheoryData<string, bool> Shoots => new()
    {
        { "{}", true },
        { """{"metadata":{"deletionTimestamp":"2026-01-01T00:00:00Z"}}""", false },
        { """{"spec":{"hibernation":{"enabled":true}}}""", false },
        { """{"metadata":{"annotations":{"confirmation.gardener.cloud/force-deletion":"true"}}}""", false },
    };

    [Theory]
    [MemberData(nameof(Shoots))]
    public void Nodes_are_asked_only_while_the_shoot_lives_and_is_awake(string shoot, bool expected) =>
        UninstallationTime.IsPossible(System.Text.Json.JsonSerializer.Deserialize($$$"""{"spec":{"shoot":{{{shoot}}}}}""", GardenerJson.Default.Cluster)!.Spec.Shoot)
            .Should().Be(expected);

    [Fact]
    public void Nobody_is_asked_when_nothing_is_known_of_the_shoot() => UninstallationTime.IsPossible(null).Should().BeFalse();

    [Fact]
    public void The_start_is_read_as_it_was_written()
    {
        var start = new DateTimeOffset(2026, 11, 22, 10, 20, 30, TimeSpan.Zero);
        var value = new ManagedResource
        {
            Metadata = new() { Annotations = new Dictionary<string, string> { [UninstallationTime.StartedAnnotation] = UninstallationTime.Format(start) } },
        };

        UninstallationTime.StartOf(value).Should().Be(start);
    }

    [Theory]
    [InlineData("")]
    [InlineData("yesterday")]
    public void A_start_that_is_no_time_counts_as_none(string text)
    {
        var value = new ManagedResource { Metadata = new() { Annotations = new Dictionary<string, string> { [UninstallationTime.StartedAnnotation] = text } } };

        UninstallationTime.StartOf(value).Should().BeNull();
    }
}
