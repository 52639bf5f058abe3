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

namespace Gardener.Extensions.Hosting;

/// <summary>
/// The controller of an extension that works through ManagedResources: watches its objects, the Clusters of their shoots and the
/// ManagedResources, and starts a reconcile when one of them gives a reason to.
/// </summary>
public static class ExtensionController
{
    /// <summary>Adds the controller of one kind of extension objects to a program.</summary>
    /// <typeparam name="T">The kind of extension object.</typeparam>
    /// <param name="host">The program; its services are the extension's.</param>
    /// <param name="kind">The kind of extension object.</param>
    /// <param name="options">Which objects, how many at once, what is told of them.</param>
    /// <param name="actuator">Makes the extension's own part.</param>
    public static void AddExtension<T>(
        this ControllerHost host,
        ExtensionKind<T> kind,
        ExtensionControllerOptions<T> options,
        Func<ExtensionServices, IActuator<T>> actuator)
        where T : class, IExtensionObject
    {
        var objects = host.AddInformer(kind.Resource, new InformerOptions());
        var clusters = host.AddInformer(GardenerResources.ClusterMetadata, new InformerOptions());
        var managedResources = host.AddInformer(
            GardenerResources.ManagedResources,
            new InformerOptions { LabelSelector = $"{GardenerLabels.Origin}={options.Origin}" });
        var services = new ExtensionServices
        {
            Client = host.Client,
            ManagedResources = new ManagedResourceWriter(host.Client, managedResources.Store, host.Time),
            Events = host.AddEventRecorder(options.Component),
            Time = host.Time,
            Loggers = host.Loggers,
        };
        var lookup = new ClusterLookup(objects.Store, clusters.Store, host.Client, host.Time);
        var metrics = new OperationMetrics(host.Metrics, options.MetricPrefix, kind.Resource.Kind);
        var reporter = new OperationReporter(kind.Resource.Kind, services.Events, metrics, host.Time, host.Loggers.CreateLogger(kind.Name));
        var reconciler = new ExtensionReconciler<T>(
            kind, options.Trigger, actuator(services), host.Client, objects.Store, lookup, host.Time, reporter);
        _ = new CacheMetrics<T>(host.Metrics, options.MetricPrefix, kind.Resource.Kind, options.Trigger, objects.Store, managedResources.Store);

        // One namespace at a time: what the objects of a shoot share is never written and deleted at once.
        var controller = host.AddController(
            kind.Name,
            reconciler,
            new ControllerOptions { Workers = options.Workers, MaxBackOff = options.MaxBackOff, SerializationGroup = key => key.Namespace });
        controller.Watch(objects, change => options.Trigger.ShouldReconcile(change) ? [change.Object.Key()] : []);
        controller.Watch(clusters, change => UnreconciledObjects(objects.Store, change));
        controller.Watch(managedResources, change => ObjectsOf(objects.Store, change.Object.Metadata.NamespaceProperty).Where(reconciler.IsWaiting));
        clusters.AddHandler(change =>
        {
            if (change.Type == InformerEventType.Deleted)
            {
                lookup.Forget(change.Object.Metadata.Name);
            }
        });

        AddUndecodable(host, kind, options.Trigger, services.Events, objects);
        if (options.Health is { } health)
        {
            AddHealth(host, kind, health, options.Trigger, lookup, objects, managedResources, clusters);
        }
    }

    private static void AddUndecodable<T>(
        ControllerHost host, ExtensionKind<T> kind, OperationTrigger trigger, IEventRecorder events, Informer<T> objects)
        where T : class, IExtensionObject
    {
        var reconciler = new UndecodableReconciler<T>(kind, trigger, host.Client, events, host.Time);
        var controller = host.AddController($"{kind.Name}-undecodable", reconciler, new ControllerOptions { Workers = 1 });
        objects.AddUndecodableHandler(found =>
        {
            if (found.Key is { } key)
            {
                reconciler.Note(key, found);
                controller.Enqueue(key);
            }
        });
    }

    /// <summary>A controller of its own, fed by the same caches, so that conditions never delay an operation.</summary>
    private static void AddHealth<T>(
        ControllerHost host,
        ExtensionKind<T> kind,
        ExtensionHealthOptions<T> options,
        OperationTrigger trigger,
        ClusterLookup lookup,
        Informer<T> objects,
        Informer<ManagedResource> managedResources,
        Informer<PartialObjectMetadata> clusters)
        where T : class, IExtensionObject
    {
        var name = $"{kind.Name}-health";
        var reconciler = new ExtensionHealthReconciler<T>(
            kind, options, trigger, host.Client, objects.Store, managedResources.Store, lookup, host.Time, host.Loggers.CreateLogger(name));
        var controller = host.AddController(name, reconciler, new ControllerOptions { Workers = 2 });
        controller.Watch(objects, change => ExtensionHealthReconciler<T>.Concerns(change) ? [change.Object.Key()] : []);
        controller.Watch(managedResources, change => ObjectsOf(objects.Store, change.Object.Metadata.NamespaceProperty)
            .Where(key => objects.Store.Find(key) is { } value && options.ManagedResources(value).Contains(ObjectKey.Of(change.Object))));
        controller.Watch(clusters, change => IsNews(change) ? ObjectsOf(objects.Store, change.Object.Metadata.Name) : []);
    }

    /// <summary>
    /// A shoot that has failed, or is not known yet, leaves its objects with work to do. Any change of what is known of it may be the
    /// reason to go on.
    /// </summary>
    private static IEnumerable<ObjectKey> UnreconciledObjects<T>(IObjectStore<T> objects, InformerEvent<PartialObjectMetadata> change)
        where T : class, IExtensionObject =>
        IsNews(change)
            ? objects.InNamespace(change.Object.Metadata.Name).Where(value => value.NeedsReconcile()).Select(value => value.Key())
            : [];

    private static bool IsNews(InformerEvent<PartialObjectMetadata> change) =>
        change is { Type: not InformerEventType.Deleted, IsInInitialList: false, IsResync: false };

    private static IEnumerable<ObjectKey> ObjectsOf<T>(IObjectStore<T> objects, string @namespace)
        where T : class, IExtensionObject =>
        objects.InNamespace(@namespace).Select(value => value.Key());
}
