// SPDX-License-Identifier: Apache-2.0

using ControlPlane;

namespace Integration.Tests;

/// <summary>
/// The controller is killed (SIGKILL) right after each single write of an operation, before it gets the answer, and once before the first
/// one. After a restart everything ends as if nothing had happened.
/// </summary>
/// <remarks>Before a write the server is in the same state as after the one before, so these moments are all that there are.</remarks>
public sealed class CrashTests(OwnSeed seed) : IClassFixture<OwnSeed>
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

        var (expected, kills) = await RunAsync(operation, kubeconfig, interceptor);
        kills.Should().Be(0);

        for (var write = 0; ; write++)
        {
            write.Should().BeLessThan(TooMany);
            (var actual, kills) = await RunAsync(operation, kubeconfig, interceptor, write);
            if (kills == 0)
            {
                // Annotation, secret, ManagedResource and status are the least.
                write.Should().BeGreaterThan(3);
                break;
            }

            actual.Should().Be(expected, "a kill after write {0} of {1} must change nothing", write, operation);
        }

        // The process that finds what the first crash left dies of a second one.
        (var recovered, kills) = await RunAsync(operation, kubeconfig, interceptor, 2, 1);
        recovered.Should().Be(expected, "kills after write 2 of {0} and then after write 1 must change nothing", operation);
        kills.Should().Be(2);
    }

    /// <param name="operation">What the controller does.</param>
    /// <param name="kubeconfig">Leads through the interceptor.</param>
    /// <param name="interceptor">Sees the writes.</param>
    /// <param name="killAfter">After which of its writes each process is killed; 0 for right before the first. The last process is not killed.</param>
    private async Task<(string State, int Kills)> RunAsync(string operation, string kubeconfig, WriteInterceptor interceptor, params int[] killAfter)
    {
        interceptor.Reset();
        var shoot = await Shoot.CreateAsync(seed.Api);
        var starting = new Lock();
        var controller = Start();
        try
        {
            await controller.WaitUntilReadyAsync();
            await PrepareAsync(shoot, operation);
            Arm(0);
            await BeginAsync(shoot, operation);
            var finished = FinishAsync(shoot, operation);
            var kills = 0;
            while (await IsKilledAsync(finished))
            {
                await controller.DisposeAsync();
                lock (starting)
                {
                    Arm(++kills);
                    controller = Start();
                }
            }

            await finished;
            await QuietAsync(interceptor);
            return (await ShootState.DescribeAsync(shoot, "a"), kills);
        }
        catch (TimeoutException exception)
        {
            throw new InvalidOperationException(
                $"{operation}, killed at writes {string.Join(", ", killAfter)}; the controller says:\n{controller.Process.Output}", exception);
        }
        finally
        {
            await controller.DisposeAsync();
        }

        ControllerProcess Start() => ControllerProcess.Start(
            new ControllerOptions { Kubeconfig = kubeconfig, Arguments = ["--log-level=debug", "--health-conditions"] });

        void Arm(int process)
        {
            interceptor.Reset();
            if (process == killAfter.Length)
            {
                return;
            }

            if (killAfter[process] == 0)
            {
                interceptor.BeforeWrite = write => KillAt(write, 1);
            }
            else
            {
                interceptor.AfterWrite = write => KillAt(write, killAfter[process]);
            }
        }

        void KillAt(int write, int number)
        {
            if (write == number)
            {
                lock (starting)
                {
                    controller.Process.Kill();
                }
            }
        }

        async Task<bool> IsKilledAsync(Task finished)
        {
            var killed = controller.Process.WaitForExitAsync(TimeSpan.FromMinutes(2), CancellationToken.None);
            return await Task.WhenAny(finished, killed) == killed || (await QuietAsync(interceptor) && controller.Process.HasExited);
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
