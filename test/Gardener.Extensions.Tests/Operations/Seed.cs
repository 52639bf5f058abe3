// SPDX-License-Identifier: Apache-2.0

using Gardener.Extensions.Api;
using Gardener.Extensions.Clusters;
using Gardener.Extensions.ManagedResources;
using Gardener.Extensions.Metrics;
using Gardener.Extensions.Operations;
using Hosting.Metrics;
using Kubernetes.Controllers.Caching;
using Kubernetes.Controllers.Client;
using Kubernetes.Controllers.Reconciling;
using Microsoft.Extensions.Time.Testing;

namespace Gardener.Extensions.Tests.Operations;

/// <summary>
/// A seed with one shoot: its API server, what gardenlet and the shoot's resource manager do, and the extension's process, which
/// can be started anew.
/// </summary>
internal sealed class Seed
{
    public const string Finalizer = "extensions.gardener.cloud/containerruntime";

    public static ObjectKey Key { get; } = new("shoot--a--b", "gvisor-a");

    public Seed()
    {
        Server = new InMemoryApiServer(Time);
        Server.Add(GardenerResources.Namespaces, """{"metadata":{"name":"shoot--a--b","labels":{"gardener.cloud/role":"shoot"}}}""");
        AddCluster();
        Start();
    }

    public FakeTimeProvider Time { get; } = new(new DateTimeOffset(2026, 5, 4, 10, 0, 0, 700, TimeSpan.Zero));

    public InMemoryApiServer Server { get; }

    public RecordedEvents Events { get; } = new();

    public MetricRegistry Metrics { get; } = new();

    public RecordedLog Logger { get; } = new();

    public SampleActuator Actuator { get; private set; } = null!;

    public ExtensionReconciler<ContainerRuntime> Reconciler { get; private set; } = null!;

    public OperationTrigger Trigger { get; } = new() { Type = "gvisor" };

    public ContainerRuntime? Object => Server.Get(GardenerResources.ContainerRuntimes, Key);

    public LastOperation LastOperation => Object!.Status!.LastOperation!;

    public LastError? LastError => Object!.Status!.LastError;

    /// <summary>What was written, without the reads.</summary>
    public IEnumerable<string> Writes => Server.Writes.Select(request => request.ToString());

    /// <summary>The state of each write of the status, in order.</summary>
    public IEnumerable<string?> ReportedStates =>
        Server.Writes.Where(request => request.Subresource == "status").Select(request => (string?)request.Body!["status"]!["lastOperation"]?["state"]);

    /// <summary>Starts the extension's process: nothing is remembered of an earlier one.</summary>
    public void Start(IObjectStore<ContainerRuntime>? objects = null)
    {
        objects ??= Server.LiveCache(GardenerResources.ContainerRuntimes);
        Actuator = new SampleActuator(new ManagedResourceWriter(Server, Server.LiveCache(GardenerResources.ManagedResources), Time));
        Reconciler = new ExtensionReconciler<ContainerRuntime>(
            ExtensionKinds.ContainerRuntime,
            Trigger,
            Actuator,
            Server,
            objects,
            new ClusterLookup(objects, Server.LiveCache(GardenerResources.ClusterMetadata), Server, Time),
            Time,
            new OperationReporter("ContainerRuntime", Events, new OperationMetrics(Metrics, "sample", "ContainerRuntime"), Time, Logger));
    }

    public Task<ReconcileResult> ReconcileAsync() => Reconciler.ReconcileAsync(Key, TestContext.Current.CancellationToken);

    /// <summary>gardenlet creates the object.</summary>
    public void Create(string? operation = "reconcile") => Server.Add(GardenerResources.ContainerRuntimes, $$$"""
        {
          "apiVersion": "extensions.gardener.cloud/v1alpha1",
          "kind": "ContainerRuntime",
          "metadata": { "namespace": "shoot--a--b", "name": "gvisor-a", "annotations": { {{{Annotations(operation)}}} } },
          "spec": { "type": "gvisor", "binaryPath": "/var/bin/containerruntimes", "workerPool": { "name": "a", "selector": {} } }
        }
        """);

    /// <summary>gardenlet asks for an operation, and maybe for something new.</summary>
    public void Ask(string operation, string? binaryPath = null) => Server.Change(
        GardenerResources.ContainerRuntimes,
        Key,
        $$$"""{"metadata":{"annotations":{ {{{Annotations(operation)}}} } }{{{(binaryPath is null ? "" : $", \"spec\":{{\"binaryPath\":\"{binaryPath}\"}}")}}} }""");

    /// <summary>gardenlet deletes the object.</summary>
    public void Delete()
    {
        Server.Change(GardenerResources.ContainerRuntimes, Key, $$$"""
            {"metadata":{"annotations":{"confirmation.gardener.cloud/deletion":"true","gardener.cloud/timestamp":"{{{Timestamp()}}}"} } }
            """);
        Server.Remove(GardenerResources.ContainerRuntimes, Key);
    }

    /// <summary>Somebody changes the object.</summary>
    public void Change(string mergePatch, string? subresource = null) =>
        Server.Change(GardenerResources.ContainerRuntimes, Key, mergePatch, subresource);

    public void AddCluster(string shoot = """{"metadata":{"name":"b"},"status":{"lastOperation":{"state":"Processing"}}}""") =>
        Server.Add(GardenerResources.Clusters, $$$"""{"metadata":{"name":"shoot--a--b"},"spec":{"cloudProfile":{},"shoot":{{{shoot}}} } }""");

    public void ChangeCluster(string specPatch) =>
        Server.Change(GardenerResources.Clusters, new ObjectKey("", "shoot--a--b"), $$$"""{"spec":{{{specPatch}}} }""");

    public void RemoveCluster() => Server.Remove(GardenerResources.Clusters, new ObjectKey("", "shoot--a--b"));

    /// <summary>The shoot's resource manager has applied the ManagedResource: from now on a deletion takes until it lets go.</summary>
    public void HoldManagedResource()
    {
        if (Server.Get(GardenerResources.ManagedResources, SampleActuator.ManagedResource) is { Metadata.DeletionTimestamp: null })
        {
            Server.Change(GardenerResources.ManagedResources, SampleActuator.ManagedResource, """{"metadata":{"finalizers":["resource-manager"]}}""");
            Server.Change(
                GardenerResources.ManagedResources,
                SampleActuator.ManagedResource,
                """{"status":{"observedGeneration":1,"conditions":[{"type":"ResourcesApplied","status":"True"}]}}""",
                "status");
        }
    }

    /// <summary>From now on nothing holds the ManagedResource: a deletion is done at once.</summary>
    public void ReleaseOnDeletion() =>
        Server.Change(GardenerResources.ManagedResources, SampleActuator.ManagedResource, """{"metadata":{"finalizers":null}}""");

    /// <summary>The shoot's resource manager has deleted the objects.</summary>
    public void ReleaseManagedResource()
    {
        if (Server.Get(GardenerResources.ManagedResources, SampleActuator.ManagedResource) is { Metadata.DeletionTimestamp: not null })
        {
            Server.Change(GardenerResources.ManagedResources, SampleActuator.ManagedResource, """{"metadata":{"finalizers":null}}""");
        }
    }

    /// <summary>The resource manager deletes the secrets that carry the label and that no ManagedResource refers to.</summary>
    public void CollectGarbage()
    {
        var referenced = Server.All(GardenerResources.ManagedResources)
            .SelectMany(value => value.Metadata.Annotations ?? new Dictionary<string, string>())
            .Where(annotation => annotation.Key.StartsWith(GardenerAnnotations.ReferencePrefix, StringComparison.Ordinal))
            .Select(annotation => annotation.Value)
            .ToHashSet();
        foreach (var secret in Server.All(GardenerResources.Secrets))
        {
            if (secret.Metadata.Labels?.ContainsKey(GardenerLabels.GarbageCollectable) == true && !referenced.Contains(secret.Metadata.Name))
            {
                Server.Remove(GardenerResources.Secrets, ObjectKey.Of(secret));
            }
        }
    }

    private string Annotations(string? operation) => operation is null
        ? ""
        : $"""
            "gardener.cloud/operation": "{operation}", "gardener.cloud/timestamp": "{Timestamp()}"
            """;

    private string Timestamp() => $"{Time.GetUtcNow().UtcDateTime:yyyy-MM-dd'T'HH:mm:ss.fffffff}42Z";
}
