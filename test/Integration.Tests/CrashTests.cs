// SPDX-License-Identifier: Apache-2.0

using ControlPlane;

namespace Integration.Tests;

/// <summary>
/// The controller is killed (SIGKILL) right after each single write of an operation, before it gets the answer, and once before the first
/// one. After a restart everything ends as if nothing had happened.
/// </summary>
/// <remarks>Before a write the server is in the same state as after the one before, so these moments are all that there are.</remarks>
[Collection(OwnSeedCollection.Name)]
public sealed class CrashTests(OwnSeed seed)
{
    /// <summary>More writes than any operation has; reached only if an operation never ends.</summary>
    private const int TooMany = 30;

    [Theory]
    [InlineData("create")]
    [InlineData("update")]
    [InlineData("delete")]
    [InlineData("migrate")]
    [InlineData("restore")]
    public async Task A_killed_controller_leaves_nothing_that_a_restart_does_not_bring_to_the_same_end(string operation)
    {
        var certificateFile = Path.Combine(seed.ControlPlane.Directory, $"interceptor-{operation}.crt");
        await using var interceptor = await WriteInterceptor.StartAsync(seed.ControlPlane, certificateFile);
        var kubeconfig = await seed.ControlPlane.WriteKubeconfigAsync(
            $"interceptor-{operation}", interceptor.Address, certificateFile, seed.ControlPlane.ControllerTokenFile);
        await using var resourceManager = ResourceManagerProcess.Start(seed.ControlPlane, TimeSpan.Zero);

        var (expected, wasKilled) = await RunAsync(operation, kubeconfig, interceptor, killAfter: null);
        wasKilled.Should().BeFalse();

        var kills = 0;
        for (var write = 0; ; write++)
        {
            write.Should().BeLessThan(TooMany);
            (var actual, wasKilled) = await RunAsync(operation, kubeconfig, interceptor, killAfter: write);
            if (!wasKilled)
            {
                break;
            }

            actual.Should().Be(expected, "a kill after write {0} of {1} must change nothing", write, operation);
            kills++;
        }

        // Annotation, secret, ManagedResource and status are the least.
        kills.Should().BeGreaterThan(3);
    }

    private async Task<(string State, bool WasKilled)> RunAsync(string operation, string kubeconfig, WriteInterceptor interceptor, int? killAfter)
    {
        interceptor.Reset();
        var shoot = await Shoot.CreateAsync(seed.Api);
        var controller = await seed.StartControllerAsync(kubeconfig, "--log-level=debug", "--health-conditions");
        try
        {
            await PrepareAsync(shoot, operation);

            interceptor.Reset();
            var running = controller.Process;
            if (killAfter == 0)
            {
                interceptor.BeforeWrite = write => KillAt(write, 1);
            }
            else if (killAfter is { } number)
            {
                interceptor.AfterWrite = write => KillAt(write, number);
            }

            await BeginAsync(shoot, operation);
            var finished = FinishAsync(shoot, operation);
            var killed = running.WaitForExitAsync(TimeSpan.FromMinutes(2), CancellationToken.None);
            var wasKilled = await Task.WhenAny(finished, killed) == killed || (await QuietAsync(interceptor) && running.HasExited);
            if (wasKilled)
            {
                await controller.DisposeAsync();
                interceptor.Reset();
                controller = await seed.StartControllerAsync(kubeconfig, "--log-level=debug", "--health-conditions");
            }

            await finished;
            await QuietAsync(interceptor);
            return (await ShootState.DescribeAsync(shoot, "a"), wasKilled);

            void KillAt(int write, int number)
            {
                if (write == number)
                {
                    running.Kill();
                }
            }
        }
        catch (TimeoutException exception)
        {
            throw new InvalidOperationException($"{operation}, killed at write {killAfter}; the controller says:\n{controller.Process.Output}", exception);
        }
        finally
        {
            await controller.DisposeAsync();
        }
    }

    /// <summary>Everything that comes before the operation.</summary>
    private static async Task PrepareAsync(Shoot shoot, string operation)
    {
        if (operation is "create")
        {
            return;
        }

        if (operation is "restore")
        {
            await shoot.DeployAsync("a", operation: "wait-for-state");
            return;
        }

        await shoot.DeployAsync("a");
        await shoot.WaitUntilReadyAsync("a");
        await shoot.WaitForHealthAsync("a", "True");
    }

    private static Task BeginAsync(Shoot shoot, string operation) => operation switch
    {
        "create" => shoot.DeployAsync("a"),
        "update" => shoot.DeployAsync("a", Shoot.ProviderConfig(("net-raw", "true"))),
        "delete" => shoot.DeleteAsync("a"),
        _ => shoot.AnnotateAsync("a", operation),
    };

    private static async Task FinishAsync(Shoot shoot, string operation)
    {
        switch (operation)
        {
            case "delete":
                await shoot.WaitUntilGoneAsync("a");
                break;
            case "migrate":
                await shoot.WaitForAsync("a", "Migrate", "Succeeded");
                await Eventually.TrueAsync("no finalizer and no annotation left", async () => await shoot.FindAsync("a") is { } value
                    && value["metadata"]!["finalizers"] is null && value["metadata"]!["annotations"]?["gardener.cloud/operation"] is null);
                await shoot.WaitForHealthAsync("a", null);
                break;
            default:
                await shoot.WaitUntilReadyAsync("a");
                await shoot.WaitUntilAppliedAsync();
                await shoot.WaitForHealthAsync("a", "True");
                break;
        }
    }

    /// <summary>Waits until the controller has written nothing for a while; true, for use in a condition.</summary>
    private static async Task<bool> QuietAsync(WriteInterceptor interceptor)
    {
        int writes;
        do
        {
            writes = interceptor.Writes;
            await Task.Delay(TimeSpan.FromMilliseconds(300), TimeProvider.System, CancellationToken.None);
        }
        while (writes != interceptor.Writes);
        return true;
    }
}
