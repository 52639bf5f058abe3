// SPDX-License-Identifier: Apache-2.0

using System.Text.Json;
using Grpc.Core;
using RuntimeGVisor.NodeInstaller.Files;

namespace RuntimeGVisor.NodeInstaller.Containerd;

/// <summary>
/// Verifies that a handler runs gVisor with the flags that it should have: starts a sandbox with the handler's own runtime and configuration
/// through containerd's own API, where neither the CRI nor the kubelet sees it, and in the sandbox this very program, which prints the kernel's
/// log. It needs no image, no network and no pod.
/// </summary>
/// <param name="client">containerd.</param>
/// <param name="containerdStateDirectory">The directory of containerd's socket, which also serves as the lock between two verifications.</param>
/// <param name="runOnNode">Runs verbs of this program on the node.</param>
/// <param name="time">The clock.</param>
internal sealed class HandlerVerification(ContainerRuntimeClient client, string containerdStateDirectory, NodeVerb runOnNode, TimeProvider time)
{
    private static readonly TimeSpan VerbTimeout = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan PollInterval = TimeSpan.FromMilliseconds(5);

    private readonly VerificationCleanup _cleanup = new(client, runOnNode, containerdStateDirectory, time);

    /// <summary>How long the whole may take. A sandbox usually starts within half a second, but not on a node that starts a hundred pods.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>
    /// Verifies. The sandbox of a verification that passes stays until <see cref="RemoveLeftoversAsync"/>, for which nobody has to wait.
    /// </summary>
    /// <param name="request">What to look for.</param>
    /// <param name="cancellationToken">Gives up, without a verdict.</param>
    /// <exception cref="IOException">The directory cannot be written.</exception>
    /// <exception cref="Systemd.SystemdException">systemd cannot be reached or refuses.</exception>
    /// <exception cref="OperationCanceledException">The caller gave up; an <see cref="RpcException"/> may say the same.</exception>
    public async Task<VerificationResult> RunAsync(VerificationRequest request, CancellationToken cancellationToken)
    {
        using var deadline = new CancellationTokenSource(Timeout, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(deadline.Token, cancellationToken);
        var run = new Run(client, runOnNode, time, request, either.Token);
        try
        {
            using var verificationLock = await DirectoryLock.TakeAsync(containerdStateDirectory, time, either.Token);
            var passed = false;
            try
            {
                await _cleanup.RemoveEarlierAsync(either.Token);
                var result = await run.ToEndAsync();
                passed = result.Verdict == Verdict.Passed;
                return result;
            }
            finally
            {
                run.DeleteFiles();
                if (!passed)
                {
                    // Also when the caller has given up: what was not waited for may hang for ever.
                    await _cleanup.TryRemoveAsync();
                }
            }
        }
        catch (Exception exception) when (deadline.IsCancellationRequested && !cancellationToken.IsCancellationRequested && IsCancellation(exception))
        {
            return VerificationResult.Inconclusive($"not finished after {Timeout.TotalSeconds:0.##} s: {run.Step}");
        }
        catch (RpcException exception) when (!cancellationToken.IsCancellationRequested)
        {
            return await JudgeAsync(exception, run.Step, cancellationToken);
        }
    }

    /// <summary>
    /// Removes whatever verifications left, also those of a process that was killed: tasks, containers, shims, cgroups, directories, and
    /// containerd's namespace.
    /// </summary>
    /// <exception cref="VerificationLeftoversException">Something is left.</exception>
    public async Task RemoveLeftoversAsync(CancellationToken cancellationToken)
    {
        using var verificationLock = await DirectoryLock.TakeAsync(containerdStateDirectory, time, cancellationToken);
        await _cleanup.RemoveAsync(cancellationToken);
    }

    private static bool IsCancellation(Exception exception) =>
        exception is OperationCanceledException or RpcException { StatusCode: StatusCode.Cancelled };

    private async Task<VerificationResult> JudgeAsync(RpcException exception, string step, CancellationToken cancellationToken)
    {
        var result = CallFailure.Judge(exception.Status, step);
        // A containerd that is being stopped breaks its connections to shims, too.
        return result.Verdict == Verdict.Failed && await client.GetServedAsync(cancellationToken) is { IsReady: false } served
            ? VerificationResult.Inconclusive($"{result.Message}; and containerd does not serve any more: {served.Reason}")
            : result;
    }

    private sealed class Run(
        ContainerRuntimeClient client, NodeVerb runOnNode, TimeProvider time, VerificationRequest request, CancellationToken cancellationToken)
    {
        private readonly VerificationSandbox _sandbox = new($"verification-{Guid.NewGuid():N}", request);

        /// <summary>What is under way, for the message of one that does not end.</summary>
        public string Step { get; private set; } = "waiting for another verification";

        public async Task<VerificationResult> ToEndAsync()
        {
            Step = "asking containerd what it serves";
            var served = await client.GetServedAsync(cancellationToken);
            if (!served.IsReady)
            {
                return VerificationResult.Inconclusive($"containerd does not serve the CRI: {served.Reason}");
            }

            if (served.ConfigPathOf(request.Handler) is var path && path != request.ConfigPath)
            {
                return VerificationResult.Inconclusive(
                    $"containerd serves the handler {request.Handler} with {path ?? "no configuration of runsc"}, not with {request.ConfigPath}");
            }

            Step = "creating the sandbox";
            _sandbox.CreateFiles();
            await client.Containers.CreateAsync(new() { Container = _sandbox.ToContainer() }, Options);
            await client.Tasks.CreateAsync(_sandbox.ToTask(), Options);
            Step = "starting the sandbox";
            await client.Tasks.StartAsync(new() { ContainerId = _sandbox.Id }, Options);
            Step = "waiting for the sandbox to print its kernel's log";
            if (await FindForeignKernelAsync() is { } foreign)
            {
                return foreign;
            }

            Step = "reading runsc's command line";
            return await CheckCommandLineAsync();
        }

        public void DeleteFiles()
        {
            if (Directory.Exists(request.Directory))
            {
                Directory.Delete(request.Directory, recursive: true);
            }
        }

        private CallOptions Options => new(VerificationSandbox.Headers, cancellationToken: cancellationToken);

        private async Task<VerificationResult?> FindForeignKernelAsync()
        {
            using var waiting = client.Tasks.WaitAsync(new() { ContainerId = _sandbox.Id }, Options);
            var exit = waiting.ResponseAsync;
            while (true)
            {
                var isOver = exit.IsCompleted;
                var log = await File.ReadAllTextAsync(_sandbox.Output, cancellationToken);
                if (KernelLog.IsOfGVisor(log))
                {
                    return null;
                }

                if (KernelLog.IsComplete(log))
                {
                    return VerificationResult.Failed($"the kernel in the sandbox is not gVisor's; its log begins with: {FirstLine(log)}");
                }

                if (isOver)
                {
                    var status = (await exit).ExitStatus;
                    return VerificationResult.Failed($"the sandbox ended with {status} before its kernel's log was read {FirstLine(log)}".TrimEnd());
                }

                await Task.Delay(PollInterval, time, cancellationToken);
            }
        }

        private async Task<VerificationResult> CheckCommandLineAsync()
        {
            var shown = await runOnNode([NodeVerbs.ShowRunsc, _sandbox.Id], VerbTimeout, cancellationToken);
            if (!shown.Succeeded)
            {
                return VerificationResult.Inconclusive($"runsc's command line cannot be read: {FirstLine(shown.Errors)}");
            }

            try
            {
                var arguments = RunscCommandLine.Deserialize(shown.Output);
                return RunscCommandLine.FindDifference(arguments, request.RunscPath, request.Flags) is { } difference
                    ? VerificationResult.Failed(difference)
                    : VerificationResult.Passed;
            }
            catch (JsonException exception)
            {
                return VerificationResult.Inconclusive($"runsc's command line cannot be read: {exception.Message}");
            }
        }

        private static string FirstLine(string text) => text.Split('\n')[0];
    }
}
