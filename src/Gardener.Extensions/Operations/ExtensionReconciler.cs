// SPDX-License-Identifier: Apache-2.0

using System.Collections.Concurrent;
using Gardener.Extensions.Api;
using Gardener.Extensions.Clusters;
using Kubernetes.Controllers.Caching;
using Kubernetes.Controllers.Client;
using Kubernetes.Controllers.Reconciling;

namespace Gardener.Extensions.Operations;

/// <summary>
/// Runs the operations that gardenlet asks for on the objects of one kind: what to do, finalizer, status, the actuator's work, status.
/// A failed shoot is left alone with its annotation in place, so that no trigger is lost; the change of its Cluster wakes it.
/// </summary>
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

    /// <summary>Objects whose operation goes on when something outside changes.</summary>
    private readonly ConcurrentDictionary<ObjectKey, bool> _waiting = new();

    /// <summary>Objects whose annotation was taken off and whose status does not tell of it yet.</summary>
    private readonly ConcurrentDictionary<ObjectKey, bool> _accepted = new();

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
                _accepted.TryRemove(key, out _);
                return ReconcileResult.Done;
            }

            try
            {
                return await ReconcileAsync(value, cancellationToken);
            }
            catch (ApiException e) when (e.IsConflict && attempt < ConflictRetries)
            {
                // Somebody else wrote first. That is no error to report: look again and decide anew.
                _reporter.Conflict(key, e.Message);
                value = await _api.FindAsync(_kind.Resource, key, cancellationToken);
            }
        }
    }

    private async Task<ReconcileResult> ReconcileAsync(T value, CancellationToken cancellationToken)
    {
        var dispatch = OperationDispatch.For(value);
        if (dispatch.Flow == OperationFlow.WaitForState || !_trigger.IsResponsibleFor(value) || IsUpToDate(value, dispatch.Flow))
        {
            return ReconcileResult.Done;
        }

        var cluster = await _clusters.FindAsync(value.Metadata.NamespaceProperty, cancellationToken);
        if (cluster?.Spec.Shoot?.HasFailed == true)
        {
            _reporter.ShootFailed(value);
            return ReconcileResult.Done;
        }

        if (dispatch.Flow is OperationFlow.Reconcile or OperationFlow.Restore && cluster?.Spec.Shoot is null)
        {
            return await FailAsync(value, dispatch.Type, new InvalidOperationException(ClusterLookup.MissingShoot(value, cluster)), cancellationToken);
        }

        var begun = await BeginAsync(value, dispatch.Flow, cancellationToken);
        if (begun is null || dispatch.Flow == OperationFlow.Skip || IsDeletedAlready(begun, dispatch.Flow))
        {
            return ReconcileResult.Done;
        }

        begun = await ReportProcessingAsync(begun, dispatch.Type, isNewRequest: value.AsksForOperation(), cancellationToken);
        _accepted.TryRemove(value.Key(), out _);
        return begun is null ? ReconcileResult.Done : await RunAsync(begun, dispatch, cluster, cancellationToken);
    }

    /// <summary>A key that was queued twice finds its work done.</summary>
    private bool IsUpToDate(T value, OperationFlow flow) =>
        flow == OperationFlow.Reconcile
        && !_trigger.IgnoreOperationAnnotation
        && !value.HasWorkLeft()
        && !_accepted.ContainsKey(value.Key());

    private bool IsDeletedAlready(T value, OperationFlow flow) => flow == OperationFlow.Delete && !value.HasFinalizer(_kind.Finalizer);

    /// <summary>
    /// Takes the annotation <c>reconcile</c> off before any work, as the contract demands, and sets the finalizer in the same write.
    /// The resource version guards against taking off a newer request.
    /// </summary>
    private async Task<T?> BeginAsync(T value, OperationFlow flow, CancellationToken cancellationToken)
    {
        var patch = new MetadataPatch(value);
        if (value.OperationAnnotation() == GardenerOperation.Reconcile)
        {
            patch.RemoveOperationAnnotation();
        }

        if (flow == OperationFlow.Reconcile)
        {
            // Until the status says Processing, nothing else remembers the request.
            _accepted[value.Key()] = true;
        }

        if (flow is OperationFlow.Reconcile or OperationFlow.Restore)
        {
            patch.AddFinalizer(_kind.Finalizer);
        }

        return patch.IsEmpty ? value : await PatchAsync(value, patch.WithResourceVersion(), cancellationToken);
    }

    private async Task<T?> ReportProcessingAsync(T value, OperationType type, bool isNewRequest, CancellationToken cancellationToken)
    {
        var last = value.ExtensionStatus?.LastOperation;
        var isContinued = last?.Type == type && (last.State == OperationState.Processing
            || (last.State == OperationState.Error && (type is OperationType.Delete or OperationType.Migrate || IsWaiting(value.Key()))));
        if (isContinued && !(isNewRequest && type is OperationType.Create or OperationType.Reconcile))
        {
            return value;
        }

        _reporter.Started(value, type);
        return Remember(value, await _status.ProcessingAsync(value, type, waitingFor: null, cancellationToken));
    }

    private async Task<ReconcileResult> RunAsync(T value, OperationDispatch dispatch, Cluster? cluster, CancellationToken cancellationToken)
    {
        OperationOutcome outcome;
        using var timeout = new CancellationTokenSource(OperationTimeout, _time);
        using var linked = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, cancellationToken);
        try
        {
            if (dispatch.Flow is OperationFlow.Delete or OperationFlow.Migrate)
            {
                _waiting[value.Key()] = true;
            }

            outcome = await ActAsync(value, dispatch.Flow, cluster, linked.Token);
        }
        catch (ApiException e) when (e.IsConflict)
        {
            throw;
        }
        catch (OperationCanceledException e) when (timeout.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
            var cause = new TimeoutException($"not finished after {OperationTimeout.TotalSeconds:0} s", e);
            return await FailAsync(value, dispatch.Type, cause, cancellationToken);
        }
        catch (Exception e) when (!cancellationToken.IsCancellationRequested)
        {
            return await FailAsync(value, dispatch.Type, e, cancellationToken);
        }

        if (outcome.WaitingFor is { } reason)
        {
            _waiting[value.Key()] = true;
            return await WaitAsync(value, dispatch.Type, outcome, reason, cancellationToken);
        }

        _waiting.TryRemove(value.Key(), out _);
        return await FinishAsync(value, dispatch, cancellationToken);
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
        catch (Exception e) when (!cancellationToken.IsCancellationRequested)
        {
            // An error that nobody has seen is tried again, even one that nothing can mend.
            _reporter.StatusLost(value, e);
            throw new OperationFailedException(cause.Message, cause);
        }

        throw coded is null
            ? new OperationFailedException(cause.Message, cause)
            : new TerminalReconcileException(cause.Message, cause);
    }

    private async Task<T?> PatchAsync(T value, Patch patch, CancellationToken cancellationToken)
    {
        try
        {
            return Remember(value, await _api.PatchAsync(_kind.Resource, value.Key(), patch, null, cancellationToken));
        }
        catch (ApiException e) when (e.IsNotFound)
        {
            return Remember(value, null);
        }
    }

    private T? Remember(T before, T? after)
    {
        if (after is null || (after.IsBeingDeleted() && after.Metadata.Finalizers is not { Count: > 0 }))
        {
            _objects.Deleted(before);
            return null;
        }

        _objects.Wrote(after);
        return after;
    }
}
