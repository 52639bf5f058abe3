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

    /// <summary>Removes the sandboxes of earlier verifications, if there are any.</summary>
    /// <exception cref="RpcException">containerd cannot be asked.</exception>
    /// <exception cref="VerificationLeftoversException">Something is left.</exception>
    public async Task RemoveEarlierAsync(CancellationToken cancellationToken)
    {
        if ((await ListAsync(cancellationToken)).Count > 0)
        {
            await RemoveAsync(cancellationToken);
        }
    }

    /// <summary>Removes everything.</summary>
    /// <exception cref="VerificationLeftoversException">Something is left.</exception>
    public async Task RemoveAsync(CancellationToken cancellationToken)
    {
        try
        {
            // containerd keeps the identifiers until everything that is found by them is gone: this may be killed, too.
            var ids = await ListAsync(cancellationToken);
            var ended = await TryEndTasksAsync(ids, cancellationToken);
            // A shim that was left behind is nothing that containerd knows of.
            string[] verb = [NodeVerbs.RemoveVerification, containerdStateDirectory, $"{(ended ? ShimGraceSeconds : 0)}", .. ids];
            var run = await runOnNode(verb, VerbTimeout, cancellationToken);
            if (!ended)
            {
                using var limit = Limit(cancellationToken);
                await EndTasksAsync(ids, limit.Token);
            }

            if (!run.Succeeded)
            {
                throw new VerificationLeftoversException(run.Errors.TrimEnd());
            }

            foreach (var id in ids)
            {
                await IgnoreMissingAsync(client.Containers.DeleteAsync(new() { Id = id }, Call(cancellationToken)));
            }

            await IgnoreMissingAsync(client.Namespaces.DeleteAsync(
                new() { Name = VerificationSandbox.Namespace }, client.Limited(cancellationToken)));
        }
        catch (Exception exception) when (
            !cancellationToken.IsCancellationRequested && exception is RpcException or SystemdException or IOException or OperationCanceledException)
        {
            throw new VerificationLeftoversException(exception is RpcException call ? call.Status.Detail : exception.Message, exception);
        }
    }

    private async Task<IReadOnlyList<string>> ListAsync(CancellationToken cancellationToken) =>
        [.. (await client.Containers.ListAsync(new(), Call(cancellationToken))).Containers.Select(container => container.Id)];

    private CallOptions Call(CancellationToken cancellationToken) =>
        client.Limited(cancellationToken).WithHeaders(VerificationSandbox.Headers);

    private async Task<bool> TryEndTasksAsync(IReadOnlyList<string> containers, CancellationToken cancellationToken)
    {
        using var limit = Limit(cancellationToken);
        try
        {
            await EndTasksAsync(containers, limit.Token);
            return true;
        }
        catch (Exception exception) when (
            !cancellationToken.IsCancellationRequested && exception is RpcException or OperationCanceledException)
        {
            return false;
        }
    }

    private async Task EndTasksAsync(IReadOnlyList<string> containers, CancellationToken cancellationToken)
    {
        foreach (var container in containers)
        {
            await TryAsync(client.Tasks.KillAsync(
                new() { ContainerId = container, Signal = KillSignal, All = true }, Call(cancellationToken)), cancellationToken);
            // One that has not ended cannot be deleted, and while its shim ends containerd does not reach it.
            while (!await TryAsync(client.Tasks.DeleteAsync(new() { ContainerId = container }, Call(cancellationToken)), cancellationToken))
            {
                await Task.Delay(PollInterval, time, cancellationToken);
            }
        }
    }

    private static async Task<bool> TryAsync<T>(AsyncUnaryCall<T> call, CancellationToken cancellationToken)
    {
        try
        {
            await IgnoreMissingAsync(call);
            return true;
        }
        catch (RpcException) when (!cancellationToken.IsCancellationRequested)
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
