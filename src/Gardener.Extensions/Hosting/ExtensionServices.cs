// SPDX-License-Identifier: Apache-2.0

using Gardener.Extensions.ManagedResources;
using Kubernetes.Controllers.Client;
using Kubernetes.Controllers.Events;
using Microsoft.Extensions.Logging;

namespace Gardener.Extensions.Hosting;

/// <summary>What an actuator can use.</summary>
public sealed record ExtensionServices
{
    /// <summary>The seed's API server.</summary>
    public required IApiClient Client { get; init; }

    /// <summary>Writes and deletes the extension's ManagedResources.</summary>
    public required ManagedResourceWriter ManagedResources { get; init; }

    /// <summary>Gets what somebody must act on.</summary>
    public required IEventRecorder Events { get; init; }

    /// <summary>The clock.</summary>
    public required TimeProvider Time { get; init; }

    /// <summary>Makes loggers.</summary>
    public required ILoggerFactory Loggers { get; init; }
}
