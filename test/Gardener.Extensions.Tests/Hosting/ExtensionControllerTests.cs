// SPDX-License-Identifier: Apache-2.0

using System.Net;
using Gardener.Extensions.Api;
using Gardener.Extensions.Health;
using Gardener.Extensions.Hosting;
using Gardener.Extensions.Operations;
using Gardener.Extensions.Tests.Operations;
using Hosting.Metrics;
using Kubernetes.Controllers.Client;
using Kubernetes.Controllers.Hosting;
using Microsoft.Extensions.Logging.Abstractions;

namespace Gardener.Extensions.Tests.Hosting;

/// <summary>The wired extension: real caches, queue and reconciler. Time stands still unless a test lets it pass.</summary>
public sealed class ExtensionControllerTests : IAsyncLifetime
{
    private readonly Seed _seed = new();
    private readonly CancellationTokenSource _stop = new();
    private readonly ControllerHost _host;
    private SampleActuator _actuator = null!;
    private Task _running = Task.CompletedTask;
    private int _served;

    public ExtensionControllerTests()
    {
        _host = new ControllerHost(_seed.Server, new ControllerHostOptions(), _seed.Time, NullLoggerFactory.Instance, new MetricRegistry());
        _host.AddExtension(
            ExtensionKinds.ContainerRuntime,
            new ExtensionControllerOptions<ContainerRuntime>
            {
                Trigger = _seed.Trigger,
                Component = "sample",
                Origin = "extension-sample",
                MetricPrefix = "sample",
                Health = new ExtensionHealthOptions<ContainerRuntime>
                {
                    ManagedResources = _ => [SampleActuator.ManagedResource],
                    Subject = value => $"worker pool '{value.Spec.WorkerPool.Name}'",
                    IsEnabled = true,
                },
                Workers = 1,
            },
            services => _actuator = new SampleActuator(services.ManagedResources));
    }

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _running.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _host.Dispose();
        _stop.Dispose();
    }

    [Fact]
    public async Task An_object_that_was_there_before_and_one_that_comes_are_reconciled()
    {
        _seed.Create();
        await StartAsync();
        await UntilAsync(() => State() == OperationState.Succeeded);

        _seed.Ask("reconcile", binaryPath: "/elsewhere");
        await UntilAsync(() => _seed.Object!.Status!.ObservedGeneration == 2);
    }

    [Fact]
    public async Task A_deletion_goes_on_when_the_ManagedResource_is_gone_and_not_a_recheck_later()
    {
        await ReconciledAsync();
        _seed.HoldManagedResource();
        _seed.Delete();
        await UntilAsync(() => _seed.LastOperation.Description.Contains("waiting for", StringComparison.Ordinal));

        _seed.ReleaseManagedResource();

        await UntilAsync(() => _seed.Object is null);
    }

    [Fact]
    public async Task A_failed_shoot_is_left_alone_until_its_Cluster_says_otherwise()
    {
        _seed.ChangeCluster("""{"shoot":{"status":{"lastOperation":{"state":"Failed"}}}}""");
        await StartAsync();
        _seed.Create();
        await AllIsServedAsync();
        _seed.Object!.Status.Should().BeNull();
        _seed.Object.OperationAnnotation().Should().Be("reconcile");

        _seed.ChangeCluster("""{"shoot":{"status":{"lastOperation":{"state":"Processing"}}}}""");

        await UntilAsync(() => State() == OperationState.Succeeded);
    }

    [Fact]
    public async Task A_restoration_that_fails_is_not_started_again_by_its_own_writes()
    {
        _actuator.Instead = _ => throw new ApiException(HttpStatusCode.Forbidden, "Forbidden", "no");
        _seed.Create("restore");
        await StartAsync();
        await UntilAsync(() => State() == OperationState.Error);

        await AllIsServedAsync();

        _actuator.Calls.Should().ContainSingle("the next attempt comes after the back-off, and time stands still");
    }

    [Fact]
    public async Task A_finished_object_is_not_reconciled_by_an_unrelated_change()
    {
        await ReconciledAsync();
        _seed.HoldManagedResource();
        _seed.ChangeCluster("""{"shoot":{"spec":{"hibernation":{"enabled":true}}}}""");
        _seed.Change("""{"metadata":{"annotations":{"note":"x"}}}""");

        await AllIsServedAsync();

        _actuator.Calls.Should().ContainSingle();
    }

    [Fact]
    public async Task The_health_of_the_ManagedResource_becomes_a_condition_and_starts_no_operation()
    {
        await ReconciledAsync();
        Condition().Should().BeNull();

        Report("False");
        await UntilAsync(() => Condition() is { Status: "False" });
        Report("True");
        await UntilAsync(() => Condition() is { Status: "True" });

        _seed.ChangeCluster("""{"shoot":{"spec":{"hibernation":{"enabled":true}}}}""");
        await UntilAsync(() => Condition() is null);
        _actuator.Calls.Should().ContainSingle();
    }

    private ExtensionCondition? Condition() => _seed.Object!.Condition(ExtensionCondition.SystemComponentsHealthy);

    private void Report(string healthy) => _seed.Server.Change(
        GardenerResources.ManagedResources,
        SampleActuator.ManagedResource,
        $$"""
        {"status":{"observedGeneration":1,"conditions":[
          {"type":"ResourcesApplied","status":"True"},
          {"type":"ResourcesHealthy","status":"{{healthy}}","reason":"R","message":"M"},
          {"type":"ResourcesProgressing","status":"False"}]} }
        """,
        "status");

    private async Task StartAsync()
    {
        _running = _host.RunAsync(_stop.Token);
        await AllIsServedAsync();
    }

    private async Task ReconciledAsync()
    {
        _seed.Create();
        await StartAsync();
        await UntilAsync(() => State() == OperationState.Succeeded);
    }

    private OperationState? State() => _seed.Object?.Status?.LastOperation?.State;

    /// <summary>
    /// Waits until an object of another shoot has been looked at that came last. There is one worker, so whatever was started before has been
    /// served as well. (The object was migrated away: only its annotation is taken off, and the actuator is not called.)
    /// </summary>
    private async Task AllIsServedAsync()
    {
        var last = new ObjectKey("shoot--x--y", $"gvisor-{_served++}");
        _seed.Server.Add(GardenerResources.ContainerRuntimes, $$"""
            {
              "metadata": { "namespace": "{{last.Namespace}}", "name": "{{last.Name}}", "annotations": { "gardener.cloud/operation": "reconcile" } },
              "spec": { "type": "gvisor" },
              "status": { "lastOperation": { "type": "Migrate", "state": "Succeeded" } }
            }
            """);
        await UntilAsync(() => _seed.Server.Get(GardenerResources.ContainerRuntimes, last)!.OperationAnnotation() is null);
    }

    /// <summary>The limit is only reached by a failure.</summary>
    private static async Task UntilAsync(Func<bool> isReached)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(30), TimeProvider.System);
        while (!isReached())
        {
            await Task.Delay(TimeSpan.FromMilliseconds(1), TimeProvider.System, limit.Token);
        }
    }
}
