// SPDX-License-Identifier: Apache-2.0

using Hosting;
using Hosting.Logging;
using Hosting.Metrics;
using Kubernetes.Controllers.Client;
using Microsoft.Extensions.Logging;
using k8s.Models;

namespace Kubernetes.Controllers.LeaderElection;

/// <summary>Makes one of several processes the leader by means of a Lease, as client-go does: one elector is good for one run.</summary>
/// <remarks>
/// Durations are measured on the monotonic clock of this process, from the moment in which it <em>sees</em> a change of the Lease; clocks of
/// different machines are never compared. An API server that does not answer costs the leadership only after
/// <see cref="LeaderElectionOptions.RenewDeadline"/>. What the leader does has then until the end of the Lease to stop; after a pause of the whole
/// process, one attempt shows whether another has taken over meanwhile.
/// </remarks>
public sealed partial class LeaderElector : IDisposable
{
    private static readonly TimeSpan ReleaseTimeout = TimeSpan.FromSeconds(5);

    private readonly IApiClient _client;
    private readonly LeaderElectionOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly Gauge? _isMaster;
    private readonly ObjectKey _key;
    private readonly CancellationTokenSource _lost = new();
    private V1Lease? _observed;
    private long _observedAt;
    private long _renewedAt;
    private volatile string? _failure;

    private enum Result
    {
        Held,
        HeldByAnother,

        /// <summary>The server did not answer, or the Lease was changed at the same moment.</summary>
        Unknown,
    }

    /// <summary>An elector; nothing is sent before <see cref="RunAsync"/>.</summary>
    /// <param name="client">The API server.</param>
    /// <param name="options">The Lease and the times.</param>
    /// <param name="time">The clock.</param>
    /// <param name="logger">Gets the course of the election.</param>
    /// <param name="metrics">Gets <c>leader_election_master_status</c>; null for none.</param>
    public LeaderElector(IApiClient client, LeaderElectionOptions options, TimeProvider time, ILogger logger, MetricRegistry? metrics = null)
    {
        options.Validate();
        _client = client;
        _options = options;
        _time = time;
        _logger = logger;
        _key = new ObjectKey(options.Namespace, options.Name);
        _isMaster = metrics?.Gauge(
            "leader_election_master_status",
            "Gauge of if the reporting system is master of the relevant lease, 0 indicates backup, 1 indicates master. 'name' is the string used to identify the lease.",
            "name").With(options.Name);
    }

    /// <summary>Cancelled when another process may be the leader: whatever still runs must end at once.</summary>
    public CancellationToken LeadershipLost => _lost.Token;

    /// <summary>Whether the Lease of the leader has not run out, so that no other process can lead. Known at any moment, also right after a pause.</summary>
    public bool IsLeaseValid => _time.GetElapsedTime(Volatile.Read(ref _renewedAt)) < _options.LeaseDuration;

    /// <summary>Why the last attempt to acquire or renew failed; null if the API server answered.</summary>
    public string? Failure => _failure;

    /// <summary>Waits for the Lease, runs <paramref name="lead"/>, and gives the Lease back when that has ended.</summary>
    /// <param name="lead">
    /// What the leader does, until its token is cancelled. While it finishes, the Lease is still renewed; only <see cref="LeadershipLost"/> is final.
    /// </param>
    /// <param name="cancellationToken">Ends the waiting or the leading.</param>
    /// <exception cref="LeadershipLostException">The Lease could not be renewed in time, or another process has taken it.</exception>
    public async Task RunAsync(Func<CancellationToken, Task> lead, CancellationToken cancellationToken)
    {
        _isMaster?.Set(0);
        LogWaiting(_key, _options.Identity);
        try
        {
            await AcquireAsync(cancellationToken);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            return;
        }

        LogLeading(_key, _options.Identity);
        _isMaster?.Set(1);
        try
        {
            await LeadAsync(lead, cancellationToken);
        }
        finally
        {
            _isMaster?.Set(0);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _lost.Dispose();

    private async Task LeadAsync(Func<CancellationToken, Task> lead, CancellationToken cancellationToken)
    {
        using var stopRenewing = new CancellationTokenSource();
        using var stopLeading = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, _lost.Token);
        var renewing = RenewAsync(stopRenewing.Token);
        var leading = lead(stopLeading.Token);
        if (await Task.WhenAny(leading, renewing) == renewing)
        {
            await _lost.CancelAsync();

            // The Lease cannot be taken before its duration is over. What has not ended by then, the end of the process will end.
            var left = _options.LeaseDuration - _time.GetElapsedTime(_renewedAt);
            await Task.WhenAny(leading, Task.Delay(left > TimeSpan.Zero ? left : TimeSpan.Zero, _time, CancellationToken.None));
            await renewing;
        }

        await stopRenewing.CancelAsync();
        await renewing.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await ReleaseAsync();
        await leading;
    }

    private async Task AcquireAsync(CancellationToken cancellationToken)
    {
        while (await TryHoldAsync(_options.RenewDeadline / 2, cancellationToken) != Result.Held)
        {
            await Task.Delay(NextLook(), _time, cancellationToken);
        }

        _renewedAt = _observedAt;
    }

    /// <summary>Renews the Lease until it is cancelled.</summary>
    private async Task RenewAsync(CancellationToken cancellationToken)
    {
        var hasFailed = false;
        while (true)
        {
            var wait = hasFailed ? Shorter(_options.RetryPeriod, Left()) : _options.RetryPeriod;
            await Task.Delay(wait > TimeSpan.Zero ? wait : TimeSpan.Zero, _time, cancellationToken);
            if (Left() <= TimeSpan.Zero && hasFailed)
            {
                throw new LeadershipLostException($"leader election lost: the Lease {_key} could not be renewed for {_options.RenewDeadline}: {_failure}");
            }

            // Half of the deadline, so that a lost request leaves time for another. Without any time left this process has been standing still.
            var attempt = _time.GetTimestamp();
            var limit = Left() > TimeSpan.Zero ? Shorter(_options.RenewDeadline / 2, Left()) : _options.RetryPeriod;
            switch (await TryHoldAsync(limit, cancellationToken))
            {
                case Result.Held:
                    _renewedAt = attempt;
                    hasFailed = false;
                    break;
                case Result.HeldByAnother:
                    throw new LeadershipLostException($"leader election lost: the Lease {_key} is held by {_observed?.Spec?.HolderIdentity}");
                default:
                    hasFailed = true;
                    break;
            }
        }

        TimeSpan Left() => _options.RenewDeadline - _time.GetElapsedTime(_renewedAt);

        static TimeSpan Shorter(TimeSpan one, TimeSpan other) => one < other ? one : other;
    }

    /// <summary>One attempt to take or renew the Lease.</summary>
    private async Task<Result> TryHoldAsync(TimeSpan limit, CancellationToken cancellationToken)
    {
        try
        {
            var result = await TimeLimit.RunAsync(limit, _time, "the API server did not answer in time", HoldAsync, cancellationToken);
            _failure = result == Result.Unknown ? "the Lease was changed by somebody else at the same moment" : null;
            return result;
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            throw;
        }
        catch (Exception exception)
        {
            _failure = exception is TimeoutException ? exception.Message : exception.Describe();
            LogFailure(_key, _failure);
            return Result.Unknown;
        }
    }

    private async Task<Result> HoldAsync(CancellationToken cancellationToken)
    {
        // The leader knows the Lease as it wrote it, so renewing is a single request.
        if (IsHeldByUs(_observed) && await TryPatchAsync(_observed!, cancellationToken))
        {
            return Result.Held;
        }

        var lease = await _client.FindAsync(Leases.Resource, _key, cancellationToken);
        if (lease is null)
        {
            return await TryCreateAsync(cancellationToken) ? Result.Held : Result.Unknown;
        }

        if (_observed?.Metadata.ResourceVersion != lease.Metadata.ResourceVersion)
        {
            _observed = lease;
            _observedAt = _time.GetTimestamp();
        }

        return !IsHeldByUs(lease) && !IsFree(lease) ? Result.HeldByAnother
            : await TryPatchAsync(lease, cancellationToken) ? Result.Held
            : Result.Unknown;
    }

    private async Task<bool> TryCreateAsync(CancellationToken cancellationToken)
    {
        var now = _time.GetTimestamp();
        try
        {
            _observed = await _client.CreateAsync(Leases.Resource, Leases.New(_options, _time.GetUtcNow()), cancellationToken);
            _observedAt = now;
            return true;
        }
        catch (ApiException exception) when (exception.IsAlreadyExists)
        {
            return false;
        }
    }

    /// <returns>False if someone has changed or deleted the Lease meanwhile.</returns>
    private async Task<bool> TryPatchAsync(V1Lease lease, CancellationToken cancellationToken)
    {
        var now = _time.GetTimestamp();
        try
        {
            _observed = await _client.PatchAsync(Leases.Resource, _key, Leases.Hold(lease, _options, _time.GetUtcNow()), null, cancellationToken);
            _observedAt = now;
            return true;
        }
        catch (ApiException exception) when (exception.IsConflict || exception.IsNotFound)
        {
            return false;
        }
    }

    private async Task ReleaseAsync()
    {
        try
        {
            if (await TimeLimit.RunAsync(ReleaseTimeout, _time, "the API server did not answer in time", TryReleaseAsync, CancellationToken.None))
            {
                LogReleased(_key);
            }
        }
        catch (Exception exception)
        {
            // The others take over when the Lease has run out.
            LogFailure(_key, exception.Describe());
        }
    }

    private async Task<bool> TryReleaseAsync(CancellationToken cancellationToken)
    {
        var lease = await _client.FindAsync(Leases.Resource, _key, cancellationToken);
        if (!IsHeldByUs(lease))
        {
            return false;
        }

        await _client.PatchAsync(Leases.Resource, _key, Leases.Release(lease!, _time.GetUtcNow()), null, cancellationToken);
        return true;
    }

    private bool IsHeldByUs(V1Lease? lease) => lease?.Spec?.HolderIdentity == _options.Identity;

    private bool IsFree(V1Lease lease) => string.IsNullOrEmpty(lease.Spec?.HolderIdentity) || _time.GetElapsedTime(_observedAt) >= DurationOf(lease);

    private TimeSpan DurationOf(V1Lease lease) =>
        lease.Spec?.LeaseDurationSeconds is { } seconds ? TimeSpan.FromSeconds(seconds) : _options.LeaseDuration;

    /// <summary>
    /// When to look at the Lease again. A little less than the retry period, so that a takeover takes less than that after a release and less than
    /// lease duration and retry period after a crash; and not later than the Lease can run out.
    /// </summary>
    private TimeSpan NextLook()
    {
        var wait = _options.RetryPeriod * (0.7 + (0.2 * Random.Shared.NextDouble()));
        if (_observed is null || _failure is not null)
        {
            return wait;
        }

        var left = DurationOf(_observed) - _time.GetElapsedTime(_observedAt);
        return left > TimeSpan.Zero && left < wait ? left : wait;
    }

    [LoggerMessage(LogLevel.Information, "Waiting to become the leader by the Lease {Lease} as {Identity}")]
    private partial void LogWaiting(ObjectKey lease, string identity);

    [LoggerMessage(LogLevel.Information, "Leading by the Lease {Lease} as {Identity}")]
    private partial void LogLeading(ObjectKey lease, string identity);

    [LoggerMessage(LogLevel.Information, "Released the Lease {Lease}")]
    private partial void LogReleased(ObjectKey lease);

    [LoggerMessage(LogLevel.Error, "The Lease {Lease} could not be acquired, renewed or released: {Reason}")]
    private partial void LogFailure(ObjectKey lease, string reason);
}
