// SPDX-License-Identifier: Apache-2.0

using System.Collections.Concurrent;
using Gardener.Extensions.Api;
using Kubernetes.Controllers.Client;
using Kubernetes.Controllers.Events;
using Kubernetes.Controllers.Reconciling;

namespace Gardener.Extensions.Operations;

/// <summary>
/// Tells the owner of an extension object that cannot be decoded what is wrong with it, in its status and by an event. Nothing else is done
/// for such an object: its annotation stays, and so do its finalizer and what was made for it, also when it is deleted, since nobody knows
/// what it stands for. Once it can be decoded again, its request is carried out.
/// </summary>
/// <typeparam name="T">The kind of extension object.</typeparam>
internal sealed class UndecodableReconciler<T>(
    ExtensionKind<T> kind, OperationTrigger trigger, IApiClient api, IEventRecorder events, TimeProvider time) : IReconciler
    where T : class, IExtensionObject
{
    private readonly OperationText _text = new(kind.Resource.Kind);
    private readonly ConcurrentDictionary<ObjectKey, UndecodableObject> _found = new();

    private readonly ResourceDefinition<ExtensionObjectHead> _heads = new(
        kind.Resource.Group,
        kind.Resource.Version,
        kind.Resource.Plural,
        kind.Resource.Kind,
        kind.Resource.Namespaced,
        ExtensionHeadJson.Default.ExtensionObjectHead);

    /// <summary>Notes what was found; the key is to be reconciled then.</summary>
    public void Note(ObjectKey key, UndecodableObject found) => _found[key] = found;

    /// <inheritdoc/>
    public async Task<ReconcileResult> ReconcileAsync(ObjectKey key, CancellationToken cancellationToken)
    {
        // The newest version is told of if it cannot be decoded either.
        if (_found.TryGetValue(key, out var found)
            && await api.FindAsync(_heads, key, cancellationToken) is { } value
            && value.Metadata.ResourceVersion == found.ResourceVersion
            && trigger.IsResponsibleFor(value))
        {
            await TellAsync(value, $"{kind.Resource.Kind} cannot be decoded: {found.Reason}", cancellationToken);
        }

        if (found is not null)
        {
            _found.TryRemove(KeyValuePair.Create(key, found));
        }

        return ReconcileResult.Done;
    }

    private async Task TellAsync(ExtensionObjectHead value, string cause, CancellationToken cancellationToken)
    {
        var type = value.IsBeingDeleted() ? OperationType.Delete : OperationType.Reconcile;
        var description = _text.Failed(type, cause);
        if (value.Shows(description))
        {
            return;
        }

        var now = time.GetUtcNow();
        var status = new ExtensionStatus
        {
            LastOperation = new() { Type = type, State = OperationState.Error, Progress = 50, Description = description, LastUpdateTime = now },
            LastError = new() { Description = description, LastUpdateTime = now },
            ObservedGeneration = value.Metadata.Generation,
        };
        value.ApiVersion ??= kind.Resource.ApiVersion;
        value.Kind ??= kind.Resource.Kind;
        events.Record(value, EventType.Warning, "Undecodable", description);
        try
        {
            await api.PatchAsync(_heads, value.Key(), StatusPatch.Between(current: null, status)!, "status", cancellationToken);
        }
        catch (ApiException exception) when (exception.IsNotFound)
        {
            // Nobody is left to tell.
        }
    }
}
