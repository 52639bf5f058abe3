// SPDX-License-Identifier: Apache-2.0

using Gardener.Extensions.Api;
using Gardener.Extensions.Operations;
using Kubernetes.Controllers.Reconciling;

namespace Gardener.Extensions.Tests.Operations;

/// <summary>What operators see of an operation: a log line for each transition, an event for what somebody must act on, counts and durations.</summary>
public sealed class OperationReporterTests
{
    private readonly Seed _seed = new();

    [Fact]
    public async Task A_success_is_two_lines_and_no_event()
    {
        _seed.Create();
        await _seed.ReconcileAsync();

        _seed.Logger.Lines.Should().Equal("Information: Create of shoot--a--b/gvisor-a started", "Information: Create of shoot--a--b/gvisor-a succeeded");
        _seed.Events.Lines.Should().BeEmpty();
        Count("Create", "succeeded").Should().Be(1);
    }

    [Fact]
    public async Task The_duration_is_counted_from_gardenlets_time_stamp()
    {
        _seed.Create();
        _seed.Time.Advance(TimeSpan.FromSeconds(4));
        await _seed.ReconcileAsync();

        // The time stamp is finer than the clock of .NET.
        Sum("Create").Should().BeApproximately(4, 0.001);
    }

    [Fact]
    public async Task The_duration_of_a_deletion_without_a_new_time_stamp_is_counted_from_the_deletion()
    {
        await ReconciledAsync();
        _seed.ReleaseOnDeletion();
        _seed.Time.Advance(TimeSpan.FromHours(5));
        _seed.Server.Remove(GardenerResources.ContainerRuntimes, Seed.Key);
        _seed.Time.Advance(TimeSpan.FromSeconds(7));
        await _seed.ReconcileAsync();

        Sum("Delete").Should().BeApproximately(7, 1, "a deletion's time has whole seconds");
    }

    [Fact]
    public async Task A_waiting_deletion_is_one_line_per_transition_and_one_event_when_overdue()
    {
        await ReconciledAsync();
        _seed.HoldManagedResource();
        _seed.Delete();
        var before = _seed.Logger.Lines.Count;

        await _seed.ReconcileAsync();
        await _seed.ReconcileAsync();
        _seed.Actuator.IsOverdue = true;
        await _seed.ReconcileAsync();
        await _seed.ReconcileAsync();

        _seed.Logger.Lines.Skip(before).Should().Equal(
            "Information: Delete of shoot--a--b/gvisor-a started",
            "Information: Delete of shoot--a--b/gvisor-a waits for ManagedResource 'extension-sample-a' to be deleted",
            "Warning: Delete of shoot--a--b/gvisor-a is overdue, still waiting for ManagedResource 'extension-sample-a' to be deleted");
        _seed.Events.Lines.Should().Equal(
            "Warning DeleteOverdue gvisor-a: Error deleting ContainerRuntime: still waiting for ManagedResource 'extension-sample-a' to be deleted");
        Count("Delete", "overdue").Should().Be(1);
    }

    [Theory]
    [InlineData(false, "failed")]
    [InlineData(true, "rejected")]
    public async Task An_error_is_an_event_with_the_text_of_the_status_and_a_line_of_the_controller(bool isCoded, string result)
    {
        Exception cause = isCoded ? new CodedException("wrong", [ErrorCode.ConfigurationProblem]) : new InvalidOperationException("wrong");
        _seed.Actuator.Instead = _ => throw cause;
        _seed.Create();

        var reconcile = () => _seed.ReconcileAsync();
        (await reconcile.Should().ThrowAsync<Exception>()).Which.Should().Match(e => e is OperationFailedException || e is TerminalReconcileException);

        _seed.Events.Lines.Should().Equal("Warning CreateFailed gvisor-a: Error reconciling ContainerRuntime: wrong");
        _seed.LastError!.Description.Should().Be("Error reconciling ContainerRuntime: wrong");
        _seed.Logger.Lines.Should().Equal("Information: Create of shoot--a--b/gvisor-a started");
        Count("Create", result).Should().Be(1);
    }

    private async Task ReconciledAsync()
    {
        _seed.Create();
        await _seed.ReconcileAsync();
    }

    private double Count(string operation, string result) =>
        Value($$"""sample_operations_total{kind="ContainerRuntime",operation="{{operation}}",result="{{result}}"} """);

    private double Sum(string operation) => Value($$"""sample_operation_duration_seconds_sum{kind="ContainerRuntime",operation="{{operation}}"} """);

    private double Value(string series) => double.Parse(
        _seed.Metrics.ToString().Split('\n').Single(line => line.StartsWith(series, StringComparison.Ordinal))[series.Length..],
        System.Globalization.CultureInfo.InvariantCulture);
}
