// SPDX-License-Identifier: Apache-2.0

using Gardener.Extensions.Api;
using Gardener.Extensions.ManagedResources;
using Gardener.Extensions.Operations;
using Hosting.Metrics;
using Kubernetes.Controllers.Caching;

namespace Gardener.Extensions.Metrics;

/// <summary>
/// Gauges that are counted in the caches whenever the metrics are read: extension objects by the state of their last operation, and
/// ManagedResources by their health. Their number of series is fixed, however many shoots there are. A replica that does not lead has
/// empty caches and shows zeros.
/// </summary>
public sealed class CacheMetrics<T>
    where T : class, IExtensionObject
{
    /// <summary>The values of both labels for an object that has no last operation yet.</summary>
    private const string None = "None";

    private static readonly (string Condition, string Type)[] Conditions =
    [
        ("applied", ManagedResourceCondition.ResourcesApplied),
        ("healthy", ManagedResourceCondition.ResourcesHealthy),
        ("progressing", ManagedResourceCondition.ResourcesProgressing),
    ];

    private static readonly string[] Statuses = ["true", "false", "unknown"];

    private readonly OperationTrigger _trigger;
    private readonly IObjectStore<T> _objects;
    private readonly IObjectStore<ManagedResource> _managedResources;
    private readonly Dictionary<(string Operation, string State), Gauge> _byOperation = [];
    private readonly Dictionary<(string Condition, string Status), Gauge> _byHealth = [];

    /// <summary>Registers the metrics.</summary>
    /// <param name="registry">Where they are exported.</param>
    /// <param name="prefix">The beginning of their names, the extension's own word: <c>sample</c> gives <c>sample_extension_objects</c>.</param>
    /// <param name="kind">The kind of the objects, value of the label <c>kind</c>.</param>
    /// <param name="trigger">Which objects belong to the extension.</param>
    /// <param name="objects">The cached objects.</param>
    /// <param name="managedResources">The cached ManagedResources, all of which belong to the extension.</param>
    public CacheMetrics(
        MetricRegistry registry,
        string prefix,
        string kind,
        OperationTrigger trigger,
        IObjectStore<T> objects,
        IObjectStore<ManagedResource> managedResources)
    {
        _trigger = trigger;
        _objects = objects;
        _managedResources = managedResources;

        var byOperation = registry.Gauge(
            $"{prefix}_extension_objects", "Number of extension objects by kind, and by type and state of the last operation.", "kind", "operation", "state");
        foreach (var operation in Enum.GetNames<OperationType>())
        {
            foreach (var state in Enum.GetNames<OperationState>())
            {
                _byOperation[(operation, state)] = byOperation.With(kind, operation, state);
            }
        }

        _byOperation[(None, None)] = byOperation.With(kind, None, None);
        var byHealth = registry.Gauge(
            $"{prefix}_managedresources",
            "Number of ManagedResources by condition (applied, healthy, progressing) and its status; unknown until the resource manager has reported on the current generation.",
            "condition", "status");
        foreach (var (condition, _) in Conditions)
        {
            foreach (var status in Statuses)
            {
                _byHealth[(condition, status)] = byHealth.With(condition, status);
            }
        }

        registry.OnCollect(Collect);
    }

    private void Collect()
    {
        var byOperation = _objects.All.Where(_trigger.IsResponsibleFor)
            .CountBy(value => value.ExtensionStatus?.LastOperation is { } last ? (last.Type.ToString(), last.State.ToString()) : (None, None))
            .ToDictionary();
        foreach (var (labels, gauge) in _byOperation)
        {
            gauge.Set(byOperation.GetValueOrDefault(labels));
        }

        var managedResources = _managedResources.All;
        foreach (var (condition, type) in Conditions)
        {
            var byStatus = managedResources.CountBy(value => StatusOf(value, type)).ToDictionary(StringComparer.Ordinal);
            foreach (var status in Statuses)
            {
                _byHealth[(condition, status)].Set(byStatus.GetValueOrDefault(status));
            }
        }
    }

    private static string StatusOf(ManagedResource value, string type) =>
        (value.IsObserved() ? value.Condition(type)?.Status : null) switch
        {
            "True" => "true",
            "False" => "false",
            _ => "unknown",
        };
}
