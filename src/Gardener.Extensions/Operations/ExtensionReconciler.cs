// SPDX-License-Identifier: Apache-2.0

using System.Collections.Concurrent;
using Gardener.Extensions.Api;
using Gardener.Extensions.Clusters;
using Kubernetes.Controllers.Caching;
using Kubernetes.Controllers.Client;
using Kubernetes.Controllers.Reconciling;

namespace Gardener.Extensions.Operations;

/// <summary>
/// Runs the operations that gardenlet asks for on the objects of one kind: what to do, finalizer, the actuator's work, status.
/// A failed shoot is left alone with its annotation in place, so that no trigger is lost; the change of its Cluster wakes it.
/// </summary>
/// <remarks>
/// At every moment the object itself tells that something is left to do: by the annotation, by gardenlet's time stamp or the generation,
/// which are newer than what the status reports, or by the status. So a process that dies loses no request. The status
/// <c>Processing</c> is written only when that is needed, or when there is something to see: the work waits, or takes longer than
/// <see cref="ProcessingDelay"/>. (Gardener reads <c>Succeeded</c>, <c>Error</c> and <c>Failed</c> of extension objects, never
/// <c>Processing</c>.)
/// </remarks>
/// <typeparam name="T">The kind of extension object.</typeparam>
public sealed class ExtensionReconciler<T> : IReconciler
    where T : class, IExtensionObject
{
    private const int ConflictRetries = 5;

    private readonly ExtensionKind<T> _kind;
    private readonly OperationTrigger _trigger;
    private readonly IActuator<T> _actuator;
    private readonly IApiClient _api;
    private readonly ReadYourWritesStore<T> _objects;
    private readonly ClusterLookup _clusters;
    private readonly OperationStatus<T> _status;
    private readonly TimeProvider _time;
    private readonly OperationReporter _reporter;

    /// <summary>Objects whose operation goes on when something outside changes, by their UIDs.</summary>
    private readonly ConcurrentDictionary<ObjectKey, string> _waiting = new();

    /// <summary>Creates the reconciler.</summary>
    /// <param name="kind">The kind of extension object.</param>
    /// <param name="trigger">Which objects belong to this extension.</param>
    /// <param name="actuator">The extension's own work.</param>
    /// <param name="api">The seed's API server.</param>
    /// <param name="objects">The cached objects of the kind.</param>
    /// <param name="clusters">What is known of the shoots.</param>
    /// <param name="time">The clock.</param>
    /// <param name="reporter">Tells operators of transitions.</param>
    public ExtensionReconciler(
        ExtensionKind<T> kind,
        OperationTrigger trigger,
        IActuator<T> actuator,
        IApiClient api,
        IObjectStore<T> objects,
        ClusterLookup clusters,
        TimeProvider time,
        OperationReporter reporter)
    {
        _kind = kind;
        _trigger = trigger;
        _actuator = actuator;
        _api = api;
        _objects = new ReadYourWritesStore<T>(objects, time);
        _clusters = clusters;
        _status = new OperationStatus<T>(kind, api, time);
        _time = time;
        _reporter = reporter;
    }

    /// <summary>
    /// How long the actuator may take in one go. Default 170 s: less than the 3 minutes after which gardenlet gives up, so that the
    /// error still reaches the status.
    /// </summary>
    public TimeSpan OperationTimeout { get; init; } = TimeSpan.FromSeconds(170);

    /// <summary>How long the actuator may work before the status says so. Default 0.5 s.</summary>
    public TimeSpan ProcessingDelay { get; init; } = TimeSpan.FromMilliseconds(500);

    /// <summary>
    /// The object's operation waits for something outside, or may come to wait in this moment: a change of what it waits for must
    /// start it again.
    /// </summary>
    public bool IsWaiting(ObjectKey key) => _waiting.ContainsKey(key);

    /// <inheritdoc/>
    public async Task<ReconcileResult> ReconcileAsync(ObjectKey key, CancellationToken cancellationToken)
    {
        var value = _objects.Find(key);
        for (var attempt = 0; ; attempt++)
        {
            if (value is null)
            {
                _waiting.TryRemove(key, out _);
                return ReconcileResult.Done;
            }

            try
            {
                return await ReconcileAsync(value, isCached: attempt == 0, cancellationToken);
            }
            catch (ApiException exception) when (exception.IsConflict && attempt < ConflictRetries)
            {
                // Somebody else wrote first. That is no error to report: look again and decide anew.
                _reporter.Conflict(key, exception.Message);
                value = await _api.FindAsync(_kind.Resource, key, cancellationToken);
            }
        }
    }

    private async Task<ReconcileResult> ReconcileAsync(T value, bool isCached, CancellationToken cancellationToken)
    {
        var dispatch = OperationDispatch.For(value);
        if (dispatch.Flow == OperationFlow.WaitForState || !_trigger.NeedsReconcile(value))
        {
            return ReconcileResult.Done;
        }

        var acceptance = AcceptanceOf(value, dispatch.Flow);
        if (dispatch.Flow == OperationFlow.Skip || (dispatch.Flow == OperationFlow.Delete && !value.HasFinalizer(_kind.Finalizer)))
        {
            await PatchAsync(value, acceptance, cancellationToken);
            return ReconcileResult.Done;
        }

        // Somebody asked by hand, without a time stamp: when the annotation goes, only the status can tell of it.
        var isAskedByAnnotationAlone = value.OperationAnnotation() == GardenerOperation.Reconcile && !value.IsUnfinished();
        if (isCached && !IsUnderWay(value) && (acceptance is null || isAskedByAnnotationAlone))
        {
            // The first write carries no resource version, so it would not fail if the cache were behind, as it is after a restart with an
            // API server that lags. An older form of the object must not be carried out, least of all its deletion.
            return await _api.FindAsync(_kind.Resource, value.Key(), cancellationToken) is { } current
                ? await ReconcileAsync(current, isCached: false, cancellationToken)
                : ReconcileResult.Done;
        }

        var cluster = await _clusters.FindAsync(value, cancellationToken);
        if (cluster?.Spec.Shoot?.HasFailed == true)
        {
            _reporter.ShootFailed(value);
            return ReconcileResult.Done;
        }

        if (dispatch.Flow is OperationFlow.Reconcile or OperationFlow.Restore && cluster?.Spec.Shoot is null)
        {
            return await FailAsync(value, dispatch.Type, new InvalidOperationException(ClusterLookup.MissingShoot(value, cluster)), cancellationToken);
        }

        if (isAskedByAnnotationAlone)
        {
            var reported = Remember(value, await _status.ProcessingAsync(value, dispatch.Type, waitingFor: null, cancellationToken));
            return reported is null ? ReconcileResult.Done : await ReconcileAsync(reported, isCached: false, cancellationToken);
        }

        var isContinued = IsContinued(value, dispatch.Type);
        if (await PatchAsync(value, acceptance, cancellationToken) is not { } accepted)
        {
            return ReconcileResult.Done;
        }

        if (!isContinued)
        {
            _reporter.Started(accepted, dispatch.Type);
        }

        return await RunAsync(accepted, dispatch, cluster, isContinued, cancellationToken);
    }

    /// <summary>
    /// Takes the annotation <c>reconcile</c> off before any work, as the contract demands, and sets the finalizer in the same write.
    /// The resource version guards against taking off a newer request. Null if there is nothing to write.
    /// </summary>
    private Patch? AcceptanceOf(T value, OperationFlow flow)
    {
        var patch = new MetadataPatch(value);
        if (value.OperationAnnotation() == GardenerOperation.Reconcile)
        {
            patch.RemoveOperationAnnotation();
        }

        if (flow is OperationFlow.Reconcile or OperationFlow.Restore)
        {
            patch.AddFinalizer(_kind.Finalizer);
        }

        return patch.IsEmpty ? null : patch.WithResourceVersion();
    }

    /// <summary>This process has begun what the object asks for, and has seen then that it is no older form of it.</summary>
    private bool IsUnderWay(T value) => _waiting.TryGetValue(value.Key(), out var uid) && uid == value.Metadata.Uid;

    /// <summary>The status tells already that this operation is under way, and nobody has asked for it anew.</summary>
    private bool IsContinued(T value, OperationType type)
    {
        var last = value.ExtensionStatus?.LastOperation;
        var isUnderWay = last?.Type == type && (last.State == OperationState.Processing
            || (last.State == OperationState.Error && (type is OperationType.Delete or OperationType.Migrate || IsUnderWay(value))));
        return isUnderWay && !(value.HasOperationAnnotation() && type is OperationType.Create or OperationType.Reconcile);
    }

    private async Task<ReconcileResult> RunAsync(
        T value, OperationDispatch dispatch, Cluster? cluster, bool isContinued, CancellationToken cancellationToken)
    {
        OperationOutcome outcome;
        var reported = value;
        using var timeout = new CancellationTokenSource(OperationTimeout, _time);
        using var linked = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, cancellationToken);
        try
        {
            if (dispatch.Flow is OperationFlow.Delete or OperationFlow.Migrate)
            {
                _waiting[value.Key()] = value.Metadata.Uid;
            }

            var work = ActAsync(value, dispatch.Flow, cluster, linked.Token);
            if (!isContinued)
            {
                reported = await ReportIfSlowAsync(work, value, dispatch.Type, cancellationToken);
            }

            outcome = await work;
        }
        catch (ApiException exception) when (exception.IsConflict)
        {
            throw;
        }
        catch (OperationCanceledException exception) when (timeout.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
            var cause = new TimeoutException($"not finished after {OperationTimeout.TotalSeconds:0} s", exception);
            return await FailAsync(reported, dispatch.Type, cause, cancellationToken);
        }
        catch (Exception exception) when (!cancellationToken.IsCancellationRequested)
        {
            return await FailAsync(reported, dispatch.Type, exception, cancellationToken);
        }

        if (reported.Metadata.Generation != value.Metadata.Generation)
        {
            // What has been done is not what is asked for any more.
            return await ReconcileAsync(reported, isCached: false, cancellationToken);
        }

        if (outcome.WaitingFor is { } reason)
        {
            _waiting[value.Key()] = value.Metadata.Uid;
            return await WaitAsync(reported, dispatch.Type, outcome, reason, cancellationToken);
        }

        _waiting.TryRemove(value.Key(), out _);
        return await FinishAsync(reported, dispatch, cancellationToken);
    }

    /// <summary>Reports <c>Processing</c> if the work takes longer than a moment; the object as it is then.</summary>
    private async Task<T> ReportIfSlowAsync(Task work, T value, OperationType type, CancellationToken cancellationToken)
    {
        await work.WaitAsync(ProcessingDelay, _time, CancellationToken.None).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (work.IsCompleted)
        {
            return value;
        }

        try
        {
            return Remember(value, await _status.ProcessingAsync(value, type, waitingFor: null, cancellationToken)) ?? value;
        }
        catch (Exception exception) when (!cancellationToken.IsCancellationRequested)
        {
            // How the work ends is what counts, and is reported too.
            _reporter.StatusLost(value, exception);
            return value;
        }
        finally
        {
            // Nothing of it may still run when another object of the shoot is reconciled.
            await work.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task<OperationOutcome> ActAsync(T value, OperationFlow flow, Cluster? cluster, CancellationToken cancellationToken) => flow switch
    {
        OperationFlow.Reconcile => await _actuator.ReconcileAsync(value, cluster!.Spec.Shoot!, cancellationToken),
        OperationFlow.Restore => await _actuator.RestoreAsync(value, cluster!.Spec.Shoot!, cancellationToken),
        OperationFlow.Migrate => await _actuator.MigrateAsync(value, cancellationToken),
        _ when await _clusters.NeedsForceDeletionAsync(value.Metadata.NamespaceProperty, cluster, cancellationToken) =>
            await _actuator.ForceDeleteAsync(value, cancellationToken),
        _ => await _actuator.DeleteAsync(value, cluster?.Spec.Shoot, cancellationToken),
    };

    private async Task<ReconcileResult> WaitAsync(
        T value, OperationType type, OperationOutcome outcome, string reason, CancellationToken cancellationToken)
    {
        var written = outcome.IsOverdue
            ? await _status.OverdueAsync(value, type, reason, cancellationToken)
            : await _status.ProcessingAsync(value, type, reason, cancellationToken);

        // The same object back means that its status says so already.
        if (written is not null && !ReferenceEquals(written, value))
        {
            _reporter.Waiting(value, type, reason, outcome.IsOverdue);
        }

        Remember(value, written);
        return ReconcileResult.After(outcome.RecheckAfter);
    }

    private async Task<ReconcileResult> FinishAsync(T value, OperationDispatch dispatch, CancellationToken cancellationToken)
    {
        var finished = Remember(value, await _status.SucceededAsync(value, dispatch.Type, cancellationToken));
        _reporter.Succeeded(value, dispatch.Type, _trigger.IgnoreOperationAnnotation ? null : value.RequestTime());
        if (finished is null)
        {
            return ReconcileResult.Done;
        }

        var patch = new MetadataPatch(finished);
        switch (dispatch.Flow)
        {
            case OperationFlow.Restore:
                patch.RemoveOperationAnnotation();
                await PatchAsync(finished, patch.WithoutResourceVersion(), cancellationToken);
                break;
            case OperationFlow.Delete:
                patch.RemoveFinalizer(_kind.Finalizer);
                await PatchAsync(finished, patch.WithResourceVersion(), cancellationToken);
                break;
            case OperationFlow.Migrate:
                // One write: an object that is being deleted vanishes with its last finalizer.
                patch.RemoveAllFinalizers();
                patch.RemoveOperationAnnotation();
                await PatchAsync(finished, patch.WithoutResourceVersion(), cancellationToken);
                break;
        }

        return ReconcileResult.Done;
    }

    private async Task<ReconcileResult> FailAsync(T value, OperationType type, Exception cause, CancellationToken cancellationToken)
    {
        var coded = CodedException.FindIn(cause);
        _reporter.Failed(value, type, cause, isRetried: coded is null);
        try
        {
            Remember(value, await _status.ErrorAsync(value, type, cause.Message, coded?.Codes ?? [], cancellationToken));
        }
        catch (Exception exception) when (!cancellationToken.IsCancellationRequested)
        {
            // An error that nobody has seen is tried again, even one that nothing can mend.
            _reporter.StatusLost(value, exception);
            throw new OperationFailedException(cause.Message, cause);
        }

        throw coded is null
            ? new OperationFailedException(cause.Message, cause)
            : new TerminalReconcileException(cause.Message, cause);
    }

    private async Task<T?> PatchAsync(T value, Patch? patch, CancellationToken cancellationToken)
    {
        if (patch is null)
        {
            return value;
        }

        try
        {
            return Remember(value, await _api.PatchAsync(_kind.Resource, value.Key(), patch, null, cancellationToken));
        }
        catch (ApiException exception) when (exception.IsNotFound)
        {
            return Remember(value, null);
        }
    }

    private T? Remember(T before, T? after)
    {
        if (after is null || (after.IsBeingDeleted() && after.Metadata.Finalizers is not { Count: > 0 }))
        {
            _objects.RecordDelete(before);
            return null;
        }

        _objects.RecordWrite(after);
        return after;
    }
}
