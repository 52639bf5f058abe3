// SPDX-License-Identifier: Apache-2.0

using Gardener.Extensions.Api;
using Gardener.Extensions.Clusters;
using Gardener.Extensions.Health;
using Gardener.Extensions.ManagedResources;
using Gardener.Extensions.Metrics;
using Gardener.Extensions.Operations;
using Kubernetes.Controllers.Caching;
using Kubernetes.Controllers.Client;
using Kubernetes.Controllers.Events;
using Kubernetes.Controllers.Hosting;
using Kubernetes.Controllers.Reconciling;
using Microsoft.Extensions.Logging;

namespace Gardener.Extensions.Hosting;

/// <summary>
/// The controller of an extension that works through ManagedResources: watches its objects, the Clusters of their shoots and the
/// ManagedResources, and starts a reconcile when one of them gives a reason to.
/// </summary>
public static class ExtensionController
{
    /// <summary>Adds the controller of one kind of extension objects to a program.</summary>
    /// <typeparam name="T">The kind of extension object.</typeparam>
    /// <param name="host">The program.</param>
    /// <param name="kind">The kind of extension object.</param>
    /// <param name="options">Which objects, how many at once, what is told of them.</param>
    /// <param name="actuator">Makes the extension's own part from the writer of its ManagedResources.</param>
    /// <param name="events">Gets what somebody must act on.</param>
    /// <param name="api">The seed's API server.</param>
    /// <param name="time">The clock.</param>
    /// <param name="loggers">Makes the loggers.</param>
    public static void AddExtension<T>(
        this ControllerHost host,
        ExtensionKind<T> kind,
        ExtensionControllerOptions<T> options,
        Func<ManagedResourceWriter, IActuator<T>> actuator,
        IEventRecorder events,
        IApiClient api,
        TimeProvider time,
        ILoggerFactory loggers)
        where T : class, IExtensionObject
    {
        var objects = host.AddInformer(kind.Resource, new InformerOptions<T>());
        var clusters = host.AddInformer(GardenerResources.Clusters, new InformerOptions<Cluster>());
        var managedResources = host.AddInformer(
            GardenerResources.ManagedResources,
            new InformerOptions<ManagedResource> { LabelSelector = $"{GardenerLabels.Origin}={options.Origin}" });

        var reconciler = new ExtensionReconciler<T>(
            kind,
            options.Trigger,
            actuator(new ManagedResourceWriter(api, managedResources.Store, time)),
            api,
            objects.Store,
            new ClusterLookup(clusters.Store, api),
            time,
            new OperationReporter(
                kind.Resource.Kind,
                events,
                new OperationMetrics(host.Metrics, options.MetricPrefix, kind.Resource.Kind),
                time,
                loggers.CreateLogger(kind.Name)));
        _ = new CacheMetrics<T>(host.Metrics, options.MetricPrefix, kind.Resource.Kind, options.Trigger, objects.Store, managedResources.Store);

        // One namespace at a time: what the objects of a shoot share is never written and deleted at once.
        var controller = host.AddController(
            kind.Name, reconciler, new ControllerOptions { Workers = options.Workers, SerializationGroup = key => key.Namespace });
        controller.Watch(objects, change => options.Trigger.Admits(change) ? [change.Object.Key()] : []);
        controller.Watch(clusters, change => ObjectsWithWorkLeft(objects.Store, change));
        controller.Watch(managedResources, change => ObjectsOf(objects.Store, change.Object.Metadata.NamespaceProperty).Where(reconciler.IsWaiting));

        if (options.Health is { } health)
        {
            AddHealth(host, kind, health, options.Trigger, api, objects, managedResources, clusters, time, loggers);
        }
    }

    /// <summary>A controller of its own, fed by the same caches, so that conditions never delay an operation.</summary>
    private static void AddHealth<T>(
        ControllerHost host,
        ExtensionKind<T> kind,
        ExtensionHealthOptions<T> options,
        OperationTrigger trigger,
        IApiClient api,
        Informer<T> objects,
        Informer<ManagedResource> managedResources,
        Informer<Cluster> clusters,
        TimeProvider time,
        ILoggerFactory loggers)
        where T : class, IExtensionObject
    {
        var name = $"{kind.Name}-health";
        var reconciler = new ExtensionHealthReconciler<T>(
            kind, options, trigger, api, objects.Store, managedResources.Store, clusters.Store, time, loggers.CreateLogger(name));
        var controller = host.AddController(name, reconciler, new ControllerOptions { Workers = 2 });
        controller.Watch(objects, change => ExtensionHealthReconciler<T>.Concerns(change) ? [change.Object.Key()] : []);
        controller.Watch(managedResources, change => ObjectsOf(objects.Store, change.Object.Metadata.NamespaceProperty)
            .Where(key => objects.Store.Find(key) is { } value && options.ManagedResources(value).Contains(ObjectKey.Of(change.Object))));
        controller.Watch(clusters, change => change.Previous?.Spec.Shoot?.IsHibernated == change.Object.Spec.Shoot?.IsHibernated
            ? []
            : ObjectsOf(objects.Store, change.Object.Metadata.Name));
    }

    /// <summary>
    /// A shoot that has failed, or is not known yet, leaves its objects with work to do. Any change of what is known of it may be the
    /// reason to go on.
    /// </summary>
    private static IEnumerable<ObjectKey> ObjectsWithWorkLeft<T>(IObjectStore<T> objects, InformerEvent<Cluster> change)
        where T : class, IExtensionObject =>
        change is { Type: not InformerEventType.Deleted, IsInInitialList: false } && change.Previous?.Spec != change.Object.Spec
            ? objects.InNamespace(change.Object.Metadata.Name).Where(value => value.HasWorkLeft()).Select(value => value.Key())
            : [];

    private static IEnumerable<ObjectKey> ObjectsOf<T>(IObjectStore<T> objects, string @namespace)
        where T : class, IExtensionObject =>
        objects.InNamespace(@namespace).Select(value => value.Key());
}
