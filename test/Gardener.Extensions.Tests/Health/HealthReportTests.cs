// SPDX-License-Identifier: Apache-2.0

using Gardener.Extensions.Api;
using Gardener.Extensions.Health;
using Kubernetes.Controllers.Client;

namespace Gardener.Extensions.Tests.Health;

public sealed class HealthReportTests
{
    private const string Subject = "worker pool 'a'";

    private static readonly ManagedResource Healthy = Reported(("ResourcesApplied", "True"), ("ResourcesHealthy", "True"), ("ResourcesProgressing", "False"));

    public static TheoryData<string, ManagedResource?, string, string> Cases() => new()
    {
        { "healthy and rolled out", Healthy, nameof(HealthState.Healthy), "all objects in the shoot are healthy" },
        {
            "rolling out",
            Reported(("ResourcesApplied", "True"), ("ResourcesHealthy", "True"), ("ResourcesProgressing", "True")),
            nameof(HealthState.Healthy),
            "ManagedResource 'x': healthy and still rolling out (ResourcesProgressingReason: about ResourcesProgressing)"
        },
        {
            "unhealthy",
            Reported(("ResourcesApplied", "True"), ("ResourcesHealthy", "False"), ("ResourcesProgressing", "False")),
            nameof(HealthState.Unhealthy),
            "ManagedResource 'x': ResourcesHealthyReason: about ResourcesHealthy"
        },
        {
            "not applied",
            Reported(("ResourcesApplied", "False"), ("ResourcesHealthy", "True"), ("ResourcesProgressing", "False")),
            nameof(HealthState.Unhealthy),
            "ManagedResource 'x': ResourcesAppliedReason: about ResourcesApplied"
        },
        {
            "not applied, which is never observed",
            Outdated(Reported(("ResourcesApplied", "False"))),
            nameof(HealthState.Unhealthy),
            "ManagedResource 'x': ResourcesAppliedReason: about ResourcesApplied"
        },
        {
            "rolled out by the DaemonSet's count and with pods that are not ready, which gardenlet judges with the nodes at hand",
            WithReason(Reported(("ResourcesApplied", "True"), ("ResourcesHealthy", "False"), ("ResourcesProgressing", "False")), "DaemonSetUnhealthy"),
            nameof(HealthState.Undecided),
            ""
        },
        {
            "without its DaemonSet",
            WithReason(Reported(("ResourcesApplied", "True"), ("ResourcesHealthy", "False")), "DaemonSetMissing"),
            nameof(HealthState.Unhealthy),
            "ManagedResource 'x': DaemonSetMissing: about ResourcesHealthy"
        },
        { "healthy in an earlier generation", Outdated(Healthy), nameof(HealthState.Undecided), "" },
        {
            "unhealthy in an earlier generation",
            Outdated(Reported(("ResourcesApplied", "True"), ("ResourcesHealthy", "False"))),
            nameof(HealthState.Undecided),
            ""
        },
        { "being applied", Reported(("ResourcesApplied", "Progressing")), nameof(HealthState.Undecided), "" },
        { "applied and not checked", Reported(("ResourcesApplied", "True"), ("ResourcesHealthy", "Unknown")), nameof(HealthState.Undecided), "" },
        { "applied without a word on health", Reported(("ResourcesApplied", "True")), nameof(HealthState.Undecided), "" },
        { "without a status", Healthy with { Status = null }, nameof(HealthState.Undecided), "" },
        { "missing", null, nameof(HealthState.Undecided), "" },
        { "being deleted", Deleted(), nameof(HealthState.Undecided), "" },
    };

    [Theory]
    [MemberData(nameof(Cases))]
    public void A_ManagedResource_is_judged_by_its_conditions(string what, ManagedResource? value, string state, string message)
    {
        var report = Report(("x", value));

        report.State.ToString().Should().Be(state, what);
        if (message.Length > 0)
        {
            report.Message.Should().Be($"{Subject}: {message}");
        }
    }

    [Fact]
    public void One_in_trouble_speaks_for_all_and_what_is_merely_slow_is_silent()
    {
        var unhealthy = Reported(("ResourcesApplied", "True"), ("ResourcesHealthy", "False"));

        Report(("a", null), ("b", unhealthy), ("c", Healthy), ("d", unhealthy)).Message.Should().Be(
            $"{Subject}: ManagedResource 'b': ResourcesHealthyReason: about ResourcesHealthy; ManagedResource 'd': ResourcesHealthyReason: about ResourcesHealthy");
        Report(("a", Healthy), ("b", null)).State.Should().Be(HealthState.Undecided);
    }

    private static HealthReport Report(params (string Name, ManagedResource? Value)[] managedResources) =>
        HealthReport.Of(Subject, managedResources.Select(item => (new ObjectKey("shoot--a--b", item.Name), item.Value)));

    private static ManagedResource Reported(params (string Type, string Status)[] conditions) => new()
    {
        Metadata = new() { NamespaceProperty = "shoot--a--b", Name = "x", Generation = 2 },
        Status = new()
        {
            ObservedGeneration = 2,
            Conditions =
            [
                .. conditions.Select(item => new ManagedResourceCondition
                {
                    Type = item.Type, Status = item.Status, Reason = $"{item.Type}Reason", Message = $"about {item.Type}",
                }),
            ],
        },
    };

    private static ManagedResource WithReason(ManagedResource value, string reason) => value with
    {
        Status = value.Status! with
        {
            Conditions = [.. value.Status.Conditions!.Value.Select(item => item.Type == "ResourcesHealthy" ? item with { Reason = reason } : item)],
        },
    };

    private static ManagedResource Outdated(ManagedResource value) => value with { Status = value.Status! with { ObservedGeneration = 1 } };

    private static ManagedResource Deleted() => Healthy with
    {
        Metadata = new() { NamespaceProperty = "shoot--a--b", Name = "x", Generation = 2, DeletionTimestamp = new DateTime(2026, 5, 4, 10, 0, 0, DateTimeKind.Utc) },
    };
}
