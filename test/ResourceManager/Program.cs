// SPDX-License-Identifier: Apache-2.0

// A stand-in for gardener-resource-manager: what it does with ManagedResources as far as an extension can see it, without a shoot.

using System.CommandLine;
using Hosting.Logging;
using Hosting.Metrics;
using Kubernetes.Controllers.Caching;
using Kubernetes.Controllers.Client;
using Kubernetes.Controllers.Hosting;
using Kubernetes.Controllers.Reconciling;
using Microsoft.Extensions.Logging;
using ResourceManager;
using k8s.Models;

var kubeconfig = new Option<string?>("--kubeconfig") { Description = "The seed's kubeconfig." };
var @namespace = new Option<string?>("--namespace") { Description = "The namespace to work in; all without it." };
var delay = new Option<TimeSpan>("--delay")
{
    Description = "How long the deletion of a ManagedResource takes, for example 5s. The annotation test.gvisor/delay overrides it.",
    CustomParser = result => ManagedResourceReconciler.ParseDelay(result.Tokens.Single().Value),
};
var apply = new Option<bool>("--apply") { Description = "Bring the objects into being, in the seed itself, instead of only having them checked." };
var healthDelay = new Option<TimeSpan>("--health-delay")
{
    Description = "How far the controller that writes ResourcesHealthy is behind, for example 2s.",
    CustomParser = result => ManagedResourceReconciler.ParseDelay(result.Tokens.Single().Value),
};
var nodes = new Option<bool>("--nodes")
{
    Description = "There are controllers and nodes: apply the objects, wait for their pods to go with them, and tell whether they are healthy.",
};
var command = new RootCommand("A stand-in for gardener-resource-manager.") { kubeconfig, @namespace, delay, healthDelay, apply, nodes };
command.SetAction((arguments, cancellationToken) => RunAsync(
    arguments.GetValue(kubeconfig), arguments.GetValue(@namespace), arguments.GetValue(delay), arguments.GetValue(healthDelay), arguments.GetValue(apply),
    arguments.GetValue(nodes), cancellationToken));
return await command.Parse(args).InvokeAsync();

static async Task<int> RunAsync(
    string? kubeconfig, string? @namespace, TimeSpan delay, TimeSpan healthDelay, bool apply, bool nodes, CancellationToken cancellationToken)
{
    var time = TimeProvider.System;
    var metrics = new MetricRegistry();
    using var loggers = Logs.Create(Console.OpenStandardOutput(), LogFormat.Text, LogLevel.Information, time);
    using var client = new ApiClient(ApiClientConfiguration.Load(kubeconfig) with { UserAgent = "resource-manager-stand-in" }, time, metrics);
    using var host = new ControllerHost(client, new ControllerHostOptions(), time, loggers, metrics);

    var managedResources = host.AddInformer(Resources.ManagedResources, new InformerOptions { Namespace = @namespace });
    var reconciler = new ManagedResourceReconciler(client, new TargetCluster(client, apply || nodes, hasNodes: nodes), delay, time);

    // In Gardener every shoot has a manager of its own: none waits for another.
    var controller = host.AddController("managedresource", reconciler, new ControllerOptions { Workers = 50, MaxBackOff = TimeSpan.FromSeconds(5) });
    controller.Watch(managedResources, change => IsOwnWrite(change) ? [] : [ObjectKey.Of(change.Object)]);

    // Without nodes nothing runs in the shoot: whatever was applied counts as healthy.
    var daemonSets = nodes ? host.AddInformer(Resources.DaemonSets, new InformerOptions()) : null;
    AddCheck("health", healthDelay, ConditionReconciler.Health, DaemonSetHealth.Fault);
    AddCheck("health-progressing", TimeSpan.Zero, ConditionReconciler.Progress, DaemonSetHealth.Progress);
    await host.RunAsync(cancellationToken);
    return 0;

    void AddCheck(
        string name,
        TimeSpan behind,
        Func<IReadOnlyList<ObjectReference>, Func<ObjectReference, V1DaemonSet?>, ConditionUpdate> check,
        Func<V1DaemonSet, string?> rule)
    {
        var writer = new ConditionReconciler(
            client,
            references => check(
                daemonSets is null ? [] : references, reference => daemonSets?.Store.Find(new ObjectKey(reference.Namespace ?? "", reference.Name))),
            time,
            behind,
            daemonSets is null ? null : TimeSpan.FromMinutes(1));
        var checks = host.AddController(name, writer, new ControllerOptions { Workers = 50, MaxBackOff = TimeSpan.FromSeconds(5) });
        checks.Watch(managedResources, change => HasNewVerdict(change) ? [ObjectKey.Of(change.Object)] : []);
        if (daemonSets is not null)
        {
            checks.Watch(daemonSets, change => change.Previous is { } previous && rule(previous) is null == rule(change.Object) is null ? [] : OriginOf(change.Object));
        }
    }
}

// A check is made anew when the objects have been applied, and when somebody ends a pause.
static bool HasNewVerdict(InformerEvent<ManagedResource> change) =>
    change.Previous is not { } previous
    || previous.ConditionOf(Condition.Applied)?.Status != change.Object.ConditionOf(Condition.Applied)?.Status
    || previous.IsIgnored != change.Object.IsIgnored;

static IEnumerable<ObjectKey> OriginOf(V1DaemonSet value) =>
    value.Metadata.Annotations is { } annotations && annotations.TryGetValue(DesiredObject.OriginAnnotation, out var origin)
    && origin.Split('/') is [var @namespace, var name]
        ? [new ObjectKey(@namespace, name)]
        : [];

// Status and finalizers are written here only: to react to them would be a loop.
static bool IsOwnWrite(InformerEvent<ManagedResource> change) =>
    change is { IsResync: false, Previous: { } previous } && previous.Metadata.Generation == change.Object.Metadata.Generation
    && Annotations(previous).SetEquals(Annotations(change.Object));

static HashSet<KeyValuePair<string, string>> Annotations(ManagedResource value) => [.. value.Metadata.Annotations ?? new Dictionary<string, string>()];
