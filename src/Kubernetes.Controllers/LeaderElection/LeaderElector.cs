// SPDX-License-Identifier: Apache-2.0

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
/// <see cref="LeaderElectionOptions.RenewDeadline"/>.
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
    private volatile string? _failure;

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
            var left = _options.LeaseDuration - _options.RenewDeadline;
            await Task.WhenAny(leading, Task.Delay(left, _time, CancellationToken.None));
            await renewing;
        }

        await stopRenewing.CancelAsync();
        await renewing.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await ReleaseAsync();
        await leading;
    }

    private async Task AcquireAsync(CancellationToken cancellationToken)
    {
        while (!await TryHoldAsync(_options.RenewDeadline, cancellationToken))
        {
            await Task.Delay(NextLook(), _time, cancellationToken);
        }
    }

    /// <summary>Renews the Lease until it is cancelled.</summary>
    private async Task RenewAsync(CancellationToken cancellationToken)
    {
        var renewed = _observedAt;
        while (true)
        {
            await Task.Delay(_options.RetryPeriod, _time, cancellationToken);
            var attempt = _time.GetTimestamp();
            var left = _options.RenewDeadline - _time.GetElapsedTime(renewed);
            if (left > TimeSpan.Zero && await TryHoldAsync(left, cancellationToken))
            {
                renewed = attempt;
            }
            else if (_failure is null)
            {
                throw new LeadershipLostException($"leader election lost: the Lease {_key} is held by {_observed?.Spec?.HolderIdentity ?? "nobody"}");
            }
            else if (_time.GetElapsedTime(renewed) >= _options.RenewDeadline)
            {
                throw new LeadershipLostException($"leader election lost: the Lease {_key} could not be renewed for {_options.RenewDeadline}: {_failure}");
            }
        }
    }

    /// <summary>One attempt to take or renew the Lease.</summary>
    /// <returns>Whether this process holds it now. If not, <see cref="_failure"/> tells whether that is known or only feared.</returns>
    private async Task<bool> TryHoldAsync(TimeSpan left, CancellationToken cancellationToken)
    {
        // Half of the deadline, so that a lost request leaves time for another.
        var limit = _options.RenewDeadline / 2;
        using var timeout = new CancellationTokenSource(left < limit ? left : limit, _time);
        using var cancellation = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, timeout.Token);
        try
        {
            var isHeld = await HoldAsync(cancellation.Token);
            _failure = null;
            return isHeld;
        }
        catch (Exception exception) when (!cancellationToken.IsCancellationRequested)
        {
            _failure = timeout.IsCancellationRequested ? "the API server did not answer in time" : exception.Describe();
            LogFailure(_key, _failure);
            return false;
        }
    }

    private async Task<bool> HoldAsync(CancellationToken cancellationToken)
    {
        // The leader knows the Lease as it wrote it, so renewing is a single request.
        if (IsHeldByUs(_observed) && await TryPatchAsync(_observed!, cancellationToken))
        {
            return true;
        }

        var lease = await _client.FindAsync(Leases.Resource, _key, cancellationToken);
        if (lease is null)
        {
            return await TryCreateAsync(cancellationToken);
        }

        if (_observed?.Metadata.ResourceVersion != lease.Metadata.ResourceVersion)
        {
            _observed = lease;
            _observedAt = _time.GetTimestamp();
        }

        return (IsHeldByUs(lease) || IsFree(lease)) && await TryPatchAsync(lease, cancellationToken);
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
        using var timeout = new CancellationTokenSource(ReleaseTimeout, _time);
        try
        {
            var lease = await _client.FindAsync(Leases.Resource, _key, timeout.Token);
            if (IsHeldByUs(lease))
            {
                await _client.PatchAsync(Leases.Resource, _key, Leases.Release(lease!, _time.GetUtcNow()), null, timeout.Token);
                LogReleased(_key);
            }
        }
        catch (Exception exception)
        {
            // The others take over when the Lease has run out.
            LogFailure(_key, exception.Describe());
        }
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

    [LoggerMessage(Level = LogLevel.Information, Message = "Waiting to become the leader by the Lease {Lease} as {Identity}")]
    private partial void LogWaiting(ObjectKey lease, string identity);

    [LoggerMessage(Level = LogLevel.Information, Message = "Leading by the Lease {Lease} as {Identity}")]
    private partial void LogLeading(ObjectKey lease, string identity);

    [LoggerMessage(Level = LogLevel.Information, Message = "Released the Lease {Lease}")]
    private partial void LogReleased(ObjectKey lease);

    [LoggerMessage(Level = LogLevel.Error, Message = "The Lease {Lease} could not be acquired, renewed or released: {Reason}")]
    private partial void LogFailure(ObjectKey lease, string reason);
}
