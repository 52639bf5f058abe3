// SPDX-License-Identifier: Apache-2.0

namespace Kubernetes.Controllers.LeaderElection;

/// <summary>Which Lease is competed for, as whom, and how fast.</summary>
public sealed record LeaderElectionOptions
{
    /// <summary>Namespace of the Lease.</summary>
    public required string Namespace { get; init; }

    /// <summary>Name of the Lease.</summary>
    public required string Name { get; init; }

    /// <summary>This process's name in the Lease; unique. Default: <c>&lt;hostname&gt;_&lt;uuid&gt;</c>.</summary>
    public string Identity { get; init; } = $"{Environment.MachineName}_{Guid.NewGuid()}";

    /// <summary>A Lease that has not been renewed for so long may be taken over. Whole seconds; default 15 s.</summary>
    public TimeSpan LeaseDuration { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>A leader that has not managed to renew for so long gives up. Less than <see cref="LeaseDuration"/>; default 10 s.</summary>
    public TimeSpan RenewDeadline { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>How often the leader renews, and at most how long the others wait between two looks. Default 2 s.</summary>
    public TimeSpan RetryPeriod { get; init; } = TimeSpan.FromSeconds(2);

    internal void Validate()
    {
        Require(Namespace.Length > 0, nameof(Namespace), "must be set");
        Require(Name.Length > 0, nameof(Name), "must be set");
        Require(Identity.Length > 0, nameof(Identity), "must be set");
        Require(LeaseDuration >= TimeSpan.FromSeconds(1), nameof(LeaseDuration), $"must be at least 1 s, got {LeaseDuration}");
        Require(RenewDeadline < LeaseDuration, nameof(RenewDeadline), $"must be less than {nameof(LeaseDuration)} ({LeaseDuration}), got {RenewDeadline}");
        Require(
            RetryPeriod > TimeSpan.Zero && RetryPeriod < RenewDeadline,
            nameof(RetryPeriod),
            $"must be less than {nameof(RenewDeadline)} ({RenewDeadline}), got {RetryPeriod}");

        static void Require(bool condition, string field, string rule)
        {
            if (!condition)
            {
                throw new ArgumentException($"Leader election, {field}: {rule}.", field);
            }
        }
    }
}
