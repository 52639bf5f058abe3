// SPDX-License-Identifier: Apache-2.0

using System.Text.Json.Nodes;
using Hosting.Metrics;
using Kubernetes.Controllers.Client;
using Kubernetes.Controllers.LeaderElection;
using Kubernetes.Controllers.Serialization;
using Microsoft.Extensions.Logging;
using k8s.Models;

namespace Gardener.Extensions.Heartbeat;

/// <summary>
/// Renews the Lease <c>gardener-extension-heartbeat</c>. When it is older than gardenlet's threshold, conditions that this extension
/// wrote become unknown. (Gardener contract 6.3: heartbeat. Every beat owns the whole specification.)
/// </summary>
public sealed partial class HeartbeatLease(
    HeartbeatOptions options,
    IApiClient api,
    TimeProvider time,
    ILogger<HeartbeatLease> logger,
    MetricRegistry metrics)
{
    private static readonly TimeSpan RetryPause = TimeSpan.FromSeconds(5);

    private readonly Gauge _renewed = metrics.Gauge(
        $"{options.MetricPrefix}_heartbeat_renewed_timestamp_seconds",
        "Unix time of the last heartbeat that this process has written; 0 before the first one.").With();

    private ObjectKey Key => new(options.Namespace, "gardener-extension-heartbeat");

    /// <summary>Beats at once and then in the interval, until cancelled. A beat that fails is logged and repeated soon.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        try
        {
            while (true)
            {
                var isWritten = await TryBeatAsync(cancellationToken);
                await Task.Delay(isWritten || options.RenewInterval < RetryPause ? options.RenewInterval : RetryPause, time, cancellationToken);
            }
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
        }
    }

    /// <summary>Writes one beat.</summary>
    public async Task BeatAsync(CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        try
        {
            await api.PatchAsync(Leases.Resource, Key, Renewal(now), null, cancellationToken);
        }
        catch (ApiException exception) when (exception.IsNotFound)
        {
            await api.CreateAsync(Leases.Resource, First(now), cancellationToken);
        }

        _renewed.Set(now.ToUnixTimeMilliseconds() / 1000.0);
    }

    private async Task<bool> TryBeatAsync(CancellationToken cancellationToken)
    {
        try
        {
            await BeatAsync(cancellationToken);
            return true;
        }
        catch (Exception exception) when (!cancellationToken.IsCancellationRequested)
        {
            LogFailed(logger, exception, Key);
            return false;
        }
    }

    private Patch Renewal(DateTimeOffset now) => Patch.Merge(new JsonObject
    {
        ["spec"] = new JsonObject
        {
            ["holderIdentity"] = options.ExtensionName,
            ["leaseDurationSeconds"] = (int)options.RenewInterval.TotalSeconds,
            ["renewTime"] = MicroTime.ToText(now),
            ["acquireTime"] = null,
            ["leaseTransitions"] = null,
            ["preferredHolder"] = null,
            ["strategy"] = null,
        },
    });

    private V1Lease First(DateTimeOffset now) => new()
    {
        ApiVersion = "coordination.k8s.io/v1",
        Kind = "Lease",
        Metadata = new() { Name = Key.Name, NamespaceProperty = Key.Namespace },
        Spec = new()
        {
            HolderIdentity = options.ExtensionName,
            LeaseDurationSeconds = (int)options.RenewInterval.TotalSeconds,
            RenewTime = now.UtcDateTime,
        },
    };

    [LoggerMessage(LogLevel.Warning, "The heartbeat could not be written to Lease {Lease}")]
    private static partial void LogFailed(ILogger logger, Exception cause, ObjectKey lease);
}
