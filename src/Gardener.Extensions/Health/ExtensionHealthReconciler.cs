// SPDX-License-Identifier: Apache-2.0

using Gardener.Extensions.Api;
using Gardener.Extensions.Clusters;
using Gardener.Extensions.Operations;
using Kubernetes.Controllers.Caching;
using Kubernetes.Controllers.Client;
using Kubernetes.Controllers.Reconciling;
using Microsoft.Extensions.Logging;

namespace Gardener.Extensions.Health;

/// <summary>
/// Keeps the condition <see cref="ExtensionCondition.SystemComponentsHealthy"/> of extension objects equal to the health of their
/// ManagedResources. It writes only when what the condition says changes. An object that is being migrated, or whose
/// shoot is hibernated, has no condition: nobody keeps anything in the shoot then. One that is being deleted is left alone, since its
/// condition goes with it and its last operation tells the rest. (Gardener contract 6.4: health checks.)
/// </summary>
/// <typeparam name="T">The kind of extension object.</typeparam>
/// <param name="kind">The kind of extension object.</param>
/// <param name="options">Which ManagedResources, and how they are called.</param>
/// <param name="trigger">Which objects belong to this extension.</param>
/// <param name="api">The seed's API server.</param>
/// <param name="objects">The cached objects of the kind.</param>
/// <param name="managedResources">The cached ManagedResources.</param>
/// <param name="clusters">What is known of the shoots.</param>
/// <param name="time">The clock.</param>
/// <param name="logger">Where transitions are logged.</param>
public sealed partial class ExtensionHealthReconciler<T>(
    ExtensionKind<T> kind,
    ExtensionHealthOptions<T> options,
    OperationTrigger trigger,
    IApiClient api,
    IObjectStore<T> objects,
    IObjectStore<ManagedResource> managedResources,
    ClusterLookup clusters,
    TimeProvider time,
    ILogger logger) : IReconciler
    where T : class, IExtensionObject
{
    private const string Type = ExtensionCondition.SystemComponentsHealthy;
    private const int ConflictRetries = 5;

    private readonly ReadYourWritesStore<T> _objects = new(objects, time);

    /// <inheritdoc/>
    public async Task<ReconcileResult> ReconcileAsync(ObjectKey key, CancellationToken cancellationToken)
    {
        var value = _objects.Find(key);
        for (var attempt = 0; ; attempt++)
        {
            if (value is null || value.IsBeingDeleted() || !trigger.IsResponsibleFor(value))
            {
                return ReconcileResult.Done;
            }

            try
            {
                return await ReconcileAsync(value, cancellationToken);
            }
            catch (ApiException exception) when (exception.IsConflict && attempt < ConflictRetries)
            {
                value = await api.FindAsync(kind.Resource, key, cancellationToken);
            }
            catch (ApiException exception) when (exception.IsNotFound)
            {
                return ReconcileResult.Done;
            }
        }
    }

    /// <summary>The change may make another condition of the object necessary.</summary>
    internal static bool Concerns(InformerEvent<T> change) =>
        change.Type != InformerEventType.Deleted
        && (change.Previous is not { } previous
            || IsMigrated(previous) != IsMigrated(change.Object)
            || previous.Condition(Type) != change.Object.Condition(Type));

    private static bool IsMigrated(IExtensionObject value) =>
        value.OperationAnnotation() == GardenerOperation.Migrate || value.ExtensionStatus?.LastOperation?.Type == OperationType.Migrate;

    private async Task<ReconcileResult> ReconcileAsync(T value, CancellationToken cancellationToken)
    {
        var current = value.Condition(Type);
        var desired = options.IsEnabled && !IsMigrated(value) ? Next(value, current) : null;

        // The shoot matters only if there is a condition, or is to be one.
        if (desired is not null && (await clusters.FindAsync(value, cancellationToken))?.Spec.Shoot?.IsHibernated == true)
        {
            desired = null;
        }

        if (desired == current)
        {
            return ReconcileResult.Done;
        }

        if (desired is not null && desired.Status == current?.Status
            && current.LastUpdateTime + options.MessagePause - desired.LastUpdateTime is var pause && pause > TimeSpan.Zero)
        {
            return ReconcileResult.After(pause);
        }

        _objects.RecordWrite(await api.PatchAsync(kind.Resource, value.Key(), ConditionPatch.For(value, Type, desired), "status", cancellationToken));
        if (desired is null)
        {
            LogRemoved(value.Key(), Type);
        }
        else if (desired.Status != current?.Status)
        {
            LogChanged(value.Key(), Type, desired.Status, desired.Message);
        }

        return ReconcileResult.Done;
    }

    /// <summary>
    /// What the condition should be: the same one when it already says what is to be said. There is none where nothing is known: a condition of
    /// an extension outweighs what gardenlet finds out by itself, and <c>Progressing</c> would hide all other components without a limit.
    /// </summary>
    private ExtensionCondition? Next(T value, ExtensionCondition? current)
    {
        var report = HealthReport.Of(options.Subject(value), options.ManagedResources(value).Select(key => (key, managedResources.Find(key))));
        if (report.State == HealthState.Undecided)
        {
            return null;
        }

        var (status, reason) = report.State == HealthState.Healthy ? ("True", "HealthCheckSuccessful") : ("False", "HealthCheckUnsuccessful");
        if (current is not null && current.Status == status && current.Reason == reason && current.Message == report.Message)
        {
            return current;
        }

        var now = time.GetUtcNow();
        return new ExtensionCondition
        {
            Type = Type,
            Status = status,
            Reason = reason,
            Message = report.Message,
            LastTransitionTime = current?.Status == status ? current.LastTransitionTime : now,
            LastUpdateTime = now,
        };
    }

    [LoggerMessage(LogLevel.Information, "Condition {Condition} of {Object} is {Status}: {Message}")]
    private partial void LogChanged(ObjectKey @object, string condition, string status, string message);

    [LoggerMessage(LogLevel.Information, "Condition {Condition} of {Object} is removed")]
    private partial void LogRemoved(ObjectKey @object, string condition);
}
