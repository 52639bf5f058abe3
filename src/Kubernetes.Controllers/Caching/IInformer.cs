// SPDX-License-Identifier: Apache-2.0

namespace Kubernetes.Controllers.Caching;

/// <summary>An informer, whatever its objects are: what a host needs to run it and to report its health.</summary>
internal interface IInformer
{
    /// <summary>The plural name of the resource, with its group.</summary>
    string Resource { get; }

    /// <summary>Whether the first list is complete.</summary>
    bool HasSynced { get; }

    /// <summary>What keeps the cache from following the server at the moment; null if nothing does.</summary>
    string? Failure { get; }

    /// <summary>Keeps the cache up to date until it is cancelled. It does not end because of the server.</summary>
    Task RunAsync(CancellationToken cancellationToken);

    /// <summary>Waits until the first list is complete and its events have been handled.</summary>
    Task WaitForSyncAsync(CancellationToken cancellationToken);
}
