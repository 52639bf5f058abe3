// SPDX-License-Identifier: Apache-2.0

using System.Net;
using Gardener.Extensions.Api;
using Gardener.Extensions.Operations;
using Kubernetes.Controllers.Caching;
using Kubernetes.Controllers.Client;
using Kubernetes.Controllers.Reconciling;

namespace Gardener.Extensions.Tests.Operations;

/// <summary>
/// The process ends, or the server refuses, at any write of any flow. What is started afterwards by the event filters, and by nothing
/// else, must bring about what an undisturbed run does.
/// </summary>
public sealed class InterruptionTests
{
    /// <summary>More than any flow needs.</summary>
    private const int MaxWrites = 12;

    public static TheoryData<string> Flows() => ["create", "reconcile", "reconcile by hand", "reconcile within a second", "restore", "delete", "force delete", "migrate", "migrate while deleted"];

    [Theory]
    [MemberData(nameof(Flows))]
    public async Task A_process_that_dies_after_any_write_is_followed_up_by_the_next(string flow) =>
        await EveryInterruptionEndsAsUndisturbedAsync(flow, isCarriedOut: true);

    [Theory]
    [MemberData(nameof(Flows))]
    public async Task A_process_that_dies_before_any_write_is_followed_up_by_the_next(string flow) =>
        await EveryInterruptionEndsAsUndisturbedAsync(flow, isCarriedOut: false);

    [Theory]
    [MemberData(nameof(Flows))]
    public async Task A_process_that_dies_while_it_follows_up_another_is_followed_up_too(string flow)
    {
        var undisturbed = await UndisturbedAsync(flow);
        for (var first = 1; first <= undisturbed.Writes; first++)
        {
            for (var second = first + 1; second <= first + undisturbed.Writes; second++)
            {
                var seed = await BeginAsync(flow);
                DieAfter(seed, out var isAlive, out var revive, first, second);

                await RunAsync(seed, isAlive, revive);

                seed.Server.State().Should().Be(undisturbed.State, $"processes died after writes {first} and {second}");
            }
        }
    }

    [Theory]
    [MemberData(nameof(Flows))]
    public async Task A_write_that_the_server_refuses_once_is_tried_again(string flow)
    {
        var undisturbed = await UndisturbedAsync(flow);
        for (var n = 1; n <= undisturbed.Writes; n++)
        {
            var seed = await BeginAsync(flow);
            RefuseOnce(seed, n);

            await RunAsync(seed);

            seed.Server.State().Should().Be(undisturbed.State, $"write {n} was refused");
        }
    }

    [Theory]
    [MemberData(nameof(Flows))]
    public async Task An_undisturbed_run_needs_few_writes(string flow) =>
        (await UndisturbedAsync(flow)).Writes.Should().BeInRange(3, MaxWrites);

    private static async Task EveryInterruptionEndsAsUndisturbedAsync(string flow, bool isCarriedOut)
    {
        var undisturbed = await UndisturbedAsync(flow);
        for (var n = 1; n <= undisturbed.Writes; n++)
        {
            var seed = await BeginAsync(flow);
            var count = 0;
            var isDead = false;
            seed.Server.Before = request =>
            {
                var isFatal = request.IsWrite && !isDead && ++count == n;
                isDead |= isFatal;
                if (isDead && !(isFatal && isCarriedOut))
                {
                    throw new ProcessDiedException();
                }
            };
            seed.Server.After = _ =>
            {
                if (isDead)
                {
                    throw new ProcessDiedException();
                }
            };

            await RunAsync(seed, isAlive: () => !isDead, revive: () => isDead = false);

            count.Should().BeGreaterThanOrEqualTo(n, "the process died");
            seed.Server.State().Should().Be(undisturbed.State, $"the process died {(isCarriedOut ? "after" : "before")} write {n}");
        }
    }

    private static async Task<(string State, int Writes)> UndisturbedAsync(string flow)
    {
        var seed = await BeginAsync(flow);
        await RunAsync(seed);
        return (seed.Server.State(), seed.Server.Writes.Count());
    }

    /// <summary>Brings a seed to the moment in which gardenlet has just asked.</summary>
    private static async Task<Seed> BeginAsync(string flow)
    {
        var seed = new Seed();
        if (flow is "create" or "restore")
        {
            seed.Create(flow == "create" ? "reconcile" : flow);
            return seed;
        }

        seed.Create();
        await seed.ReconcileAsync();
        seed.HoldManagedResource();
        if (flow == "reconcile within a second")
        {
            // The time stamp is as old as the success: the annotation alone tells of it.
            seed.Server.Remove(GardenerResources.ManagedResources, SampleActuator.ManagedResource);
            seed.ReleaseManagedResource();
            seed.Ask("reconcile");
            seed.Start();
            seed.Server.Forget();
            return seed;
        }

        seed.Time.Advance(TimeSpan.FromMinutes(1));
        switch (flow)
        {
            case "reconcile by hand":
                seed.Change("""{"metadata":{"annotations":{"gardener.cloud/operation":"reconcile"}}}""");
                break;
            case "reconcile":
                seed.Ask("reconcile", binaryPath: "/elsewhere");
                break;
            case "delete":
                seed.Delete();
                break;
            case "force delete":
                seed.ChangeCluster("""{"shoot":{"metadata":{"annotations":{"confirmation.gardener.cloud/force-deletion":"true"}}}}""");
                seed.Delete();
                break;
            default:
                seed.Ask("migrate");
                if (flow == "migrate while deleted")
                {
                    seed.Delete();
                }

                break;
        }

        seed.Start();
        seed.Server.Forget();
        return seed;
    }

    /// <summary>
    /// Runs the extension as its process does, and starts it anew when it has died: an object is reconciled if the filters admit it,
    /// again after an error or a pause, and not otherwise. The resource manager does its part after each attempt.
    /// </summary>
    private static async Task RunAsync(Seed seed, Func<bool>? isAlive = null, Action? revive = null)
    {
        var isQueued = IsAdmittedAtStart(seed);
        for (var attempt = 0; isQueued; attempt++)
        {
            attempt.Should().BeLessThan(MaxWrites, "there must be an end to it");
            try
            {
                isQueued = await seed.ReconcileAsync() != ReconcileResult.Done;
            }
            catch (Exception exception) when (exception is ApiException or OperationFailedException or ProcessDiedException)
            {
                if (isAlive?.Invoke() == false)
                {
                    revive!();
                    seed.Start();
                    isQueued = IsAdmittedAtStart(seed);
                }
            }

            seed.ReleaseManagedResource();
        }

        seed.CollectGarbage();
    }

    /// <summary>The process dies when the server has carried out a write of one of these numbers, counted over all processes.</summary>
    private static void DieAfter(Seed seed, out Func<bool> isAlive, out Action revive, params int[] deaths)
    {
        var count = 0;
        var isDead = false;
        seed.Server.Before = request =>
        {
            if (isDead)
            {
                throw new ProcessDiedException();
            }

            isDead = request.IsWrite && deaths.Contains(++count);
        };
        seed.Server.After = _ =>
        {
            if (isDead)
            {
                throw new ProcessDiedException();
            }
        };
        isAlive = () => !isDead;
        revive = () => isDead = false;
    }

    private static bool IsAdmittedAtStart(Seed seed) =>
        seed.Object is { } value
        && seed.Trigger.ShouldReconcile(new InformerEvent<ContainerRuntime>(InformerEventType.Added, value, null, IsInInitialList: true, IsResync: false));

    private static void RefuseOnce(Seed seed, int n)
    {
        var count = 0;
        seed.Server.Before = request =>
        {
            if (request.IsWrite && ++count == n)
            {
                throw new ApiException(HttpStatusCode.ServiceUnavailable, "ServiceUnavailable", "try again");
            }
        };
    }

    private sealed class ProcessDiedException : Exception;
}
