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
        { "healthy in an earlier generation", Outdated(Healthy), nameof(HealthState.Pending), "ManagedResource 'x': the resource manager has not applied it yet" },
        {
            "unhealthy in an earlier generation",
            Outdated(Reported(("ResourcesApplied", "True"), ("ResourcesHealthy", "False"))),
            nameof(HealthState.Pending),
            "ManagedResource 'x': the resource manager has not applied it yet"
        },
        { "being applied", Reported(("ResourcesApplied", "Progressing")), nameof(HealthState.Pending), "ManagedResource 'x': the resource manager has not applied it yet" },
        {
            "applied and not checked",
            Reported(("ResourcesApplied", "True"), ("ResourcesHealthy", "Unknown")),
            nameof(HealthState.Pending),
            "ManagedResource 'x': the resource manager has not checked it yet"
        },
        { "applied without a word on health", Reported(("ResourcesApplied", "True")), nameof(HealthState.Pending), "ManagedResource 'x': the resource manager has not checked it yet" },
        { "without a status", Healthy with { Status = null }, nameof(HealthState.Pending), "ManagedResource 'x': the resource manager has not applied it yet" },
        { "missing", null, nameof(HealthState.Pending), "ManagedResource 'x': it does not exist" },
        { "being deleted", Deleted(), nameof(HealthState.Pending), "ManagedResource 'x': it is being deleted" },
    };

    [Theory]
    [MemberData(nameof(Cases))]
    public void A_ManagedResource_is_judged_by_its_conditions(string what, ManagedResource? value, string state, string message)
    {
        var report = Report(("x", value));

        report.State.ToString().Should().Be(state, what);
        report.Message.Should().Be($"{Subject}: {message}");
    }

    [Fact]
    public void One_in_trouble_speaks_for_all_and_what_is_merely_slow_is_silent()
    {
        var unhealthy = Reported(("ResourcesApplied", "True"), ("ResourcesHealthy", "False"));

        Report(("a", null), ("b", unhealthy), ("c", Healthy), ("d", unhealthy)).Message.Should().Be(
            $"{Subject}: ManagedResource 'b': ResourcesHealthyReason: about ResourcesHealthy; ManagedResource 'd': ResourcesHealthyReason: about ResourcesHealthy");
        Report(("a", Healthy), ("b", null)).State.Should().Be(HealthState.Pending);
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

    private static ManagedResource Outdated(ManagedResource value) => value with { Status = value.Status! with { ObservedGeneration = 1 } };

    private static ManagedResource Deleted() => Healthy with
    {
        Metadata = new() { NamespaceProperty = "shoot--a--b", Name = "x", Generation = 2, DeletionTimestamp = new DateTime(2026, 5, 4, 10, 0, 0, DateTimeKind.Utc) },
    };
}
