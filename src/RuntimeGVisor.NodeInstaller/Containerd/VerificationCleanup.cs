// SPDX-License-Identifier: Apache-2.0

using Grpc.Core;
using RuntimeGVisor.NodeInstaller.Systemd;

namespace RuntimeGVisor.NodeInstaller.Containerd;

/// <summary>Removes what verifications leave: what containerd knows of through containerd, everything else on the node.</summary>
internal sealed class VerificationCleanup(ContainerRuntimeClient client, NodeVerb runOnNode, string containerdStateDirectory, TimeProvider time)
{
    private const uint KillSignal = 9;

    // After the deletion of its container a shim ends, and containerd runs another to remove what it left.
    private const int ShimGraceSeconds = 2;

    // containerd itself gives a shim 5 s to answer, and more than one of its calls may hang.
    private static readonly TimeSpan ContainersTimeout = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan VerbTimeout = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan PollInterval = TimeSpan.FromMilliseconds(10);

    /// <summary>Removes everything that can be removed.</summary>
    public async Task TryRemoveAsync()
    {
        try
        {
            await RemoveAsync(CancellationToken.None);
        }
        catch (VerificationLeftoversException)
        {
            // The next verification removes it, and says so if it cannot.
        }
    }

    /// <summary>Removes everything.</summary>
    /// <exception cref="VerificationLeftoversException">Something is left.</exception>
    public async Task RemoveAsync(CancellationToken cancellationToken)
    {
        try
        {
            var removed = await TryRemoveContainersAsync(cancellationToken);
            // A shim that was left behind is nothing that containerd knows of.
            var grace = removed ? ShimGraceSeconds : 0;
            var run = await runOnNode([NodeVerbs.RemoveVerification, containerdStateDirectory, $"{grace}"], VerbTimeout, cancellationToken);
            if (!removed)
            {
                using var limit = Limit(cancellationToken);
                await RemoveContainersAsync(limit.Token);
            }

            await IgnoreMissingAsync(client.Namespaces.DeleteAsync(
                new() { Name = VerificationSandbox.Namespace }, client.Limited(cancellationToken)));
            if (!run.Succeeded)
            {
                throw new VerificationLeftoversException(run.Errors.TrimEnd());
            }
        }
        catch (Exception exception) when (
            !cancellationToken.IsCancellationRequested && exception is RpcException or SystemdException or IOException or OperationCanceledException)
        {
            throw new VerificationLeftoversException(exception is RpcException call ? call.Status.Detail : exception.Message, exception);
        }
    }

    /// <summary>Removes the containers that containerd knows of, with their tasks.</summary>
    /// <exception cref="RpcException">containerd does not.</exception>
    public async Task RemoveContainersAsync(CancellationToken cancellationToken)
    {
        var options = VerificationSandbox.CallOptions(cancellationToken);
        foreach (var container in (await client.Containers.ListAsync(new(), options)).Containers)
        {
            await IgnoreMissingAsync(client.Tasks.KillAsync(new() { ContainerId = container.Id, Signal = KillSignal, All = true }, options));
            while (!await TryDeleteTaskAsync(container.Id, options))
            {
                await Task.Delay(PollInterval, time, cancellationToken);
            }

            await IgnoreMissingAsync(client.Containers.DeleteAsync(new() { Id = container.Id }, options));
        }
    }

    private async Task<bool> TryRemoveContainersAsync(CancellationToken cancellationToken)
    {
        using var limit = Limit(cancellationToken);
        try
        {
            await RemoveContainersAsync(limit.Token);
            return true;
        }
        catch (Exception exception) when (
            !cancellationToken.IsCancellationRequested && exception is RpcException or OperationCanceledException)
        {
            return false;
        }
    }

    /// <returns>Whether there is no task any more; one that has not ended cannot be deleted.</returns>
    private async Task<bool> TryDeleteTaskAsync(string container, CallOptions options)
    {
        try
        {
            await IgnoreMissingAsync(client.Tasks.DeleteAsync(new() { ContainerId = container }, options));
            return true;
        }
        catch (RpcException exception) when (exception.StatusCode == StatusCode.FailedPrecondition)
        {
            return false;
        }
    }

    private static async Task IgnoreMissingAsync<T>(AsyncUnaryCall<T> call)
    {
        try
        {
            await call;
        }
        catch (RpcException exception) when (exception.StatusCode == StatusCode.NotFound)
        {
            // Somebody else was first.
        }
    }

    private static CancellationTokenSource Limit(CancellationToken cancellationToken)
    {
        var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(ContainersTimeout);
        return limit;
    }
}

/// <summary>Something of a verification is left on the node.</summary>
internal sealed class VerificationLeftoversException(string message, Exception? cause = null) : Exception(message, cause);
