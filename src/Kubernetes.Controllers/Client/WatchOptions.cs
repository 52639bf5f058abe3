// SPDX-License-Identifier: Apache-2.0

namespace Kubernetes.Controllers.Client;

/// <summary>Where a watch begins and how long it lasts.</summary>
public sealed record WatchOptions
{
    /// <summary>The version after which changes are reported; with <see cref="SendInitialEvents"/> null for the newest state.</summary>
    public string? ResourceVersion { get; init; }

    /// <summary>
    /// First reports every object that there is as added, then <see cref="WatchEventType.InitialEventsEnd"/>, then the changes: a list and a watch in
    /// one request. A server that cannot do this answers 422.
    /// </summary>
    public bool SendInitialEvents { get; init; }

    /// <summary>The server ends the watch after this time (whole seconds).</summary>
    public required TimeSpan Timeout { get; init; }

    /// <summary>Label selector in Kubernetes' syntax; null selects everything.</summary>
    public string? LabelSelector { get; init; }
}
