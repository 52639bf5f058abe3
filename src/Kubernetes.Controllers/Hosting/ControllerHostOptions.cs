// SPDX-License-Identifier: Apache-2.0

using Hosting.Endpoints;
using Kubernetes.Controllers.LeaderElection;

namespace Kubernetes.Controllers.Hosting;

/// <summary>What surrounds the controllers of a program.</summary>
public sealed record ControllerHostOptions
{
    /// <summary>Serves <c>/healthz</c> and <c>/readyz</c>; null: not served.</summary>
    public BindAddress? HealthAddress { get; init; }

    /// <summary>Serves <c>/metrics</c>; null: not served.</summary>
    public BindAddress? MetricsAddress { get; init; }

    /// <summary>Only the leader runs controllers; null: no election, this process is the only one.</summary>
    public LeaderElectionOptions? LeaderElection { get; init; }

    /// <summary>A cache that is not complete after this time makes the process unhealthy, so that it is restarted.</summary>
    public TimeSpan SyncDeadline { get; init; } = TimeSpan.FromMinutes(3);

    /// <summary>How long the shutdown may take before the process gives up on an orderly one.</summary>
    public TimeSpan ShutdownTimeout { get; init; } = TimeSpan.FromSeconds(30);
}
