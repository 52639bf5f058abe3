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

var kubeconfig = new Option<string?>("--kubeconfig") { Description = "The seed's kubeconfig." };
var @namespace = new Option<string?>("--namespace") { Description = "The namespace to work in; all without it." };
var delay = new Option<TimeSpan>("--delay")
{
    Description = "How long the deletion of a ManagedResource takes, for example 5s. The annotation test.gvisor/delay overrides it.",
    CustomParser = result => ManagedResourceReconciler.ParseDelay(result.Tokens.Single().Value),
};
var apply = new Option<bool>("--apply") { Description = "Bring the objects into being, in the seed itself, instead of only having them checked." };
var nodes = new Option<bool>("--nodes")
{
    Description = "There are controllers and nodes: apply the objects, wait for their pods to go with them, and tell whether they are healthy.",
};
var command = new RootCommand("A stand-in for gardener-resource-manager.") { kubeconfig, @namespace, delay, apply, nodes };
command.SetAction((arguments, cancellationToken) => RunAsync(
    arguments.GetValue(kubeconfig), arguments.GetValue(@namespace), arguments.GetValue(delay), arguments.GetValue(apply), arguments.GetValue(nodes),
    cancellationToken));
return await command.Parse(args).InvokeAsync();

static async Task<int> RunAsync(string? kubeconfig, string? @namespace, TimeSpan delay, bool apply, bool nodes, CancellationToken cancellationToken)
{
    var time = TimeProvider.System;
    var metrics = new MetricRegistry();
    using var loggers = Logs.Create(Console.OpenStandardOutput(), LogFormat.Text, LogLevel.Information, time);
    using var client = new ApiClient(ApiClientConfiguration.Load(kubeconfig) with { UserAgent = "resource-manager-stand-in" }, time, metrics);
    using var host = new ControllerHost(client, new ControllerHostOptions(), time, loggers, metrics);

    var managedResources = host.AddInformer(Resources.ManagedResources, new InformerOptions<ManagedResource> { Namespace = @namespace });
    var reconciler = new ManagedResourceReconciler(client, new TargetCluster(client, apply || nodes, nodes), delay, time);

    // In Gardener every shoot has a manager of its own: none waits for another.
    var controller = host.AddController("managedresource", reconciler, new ControllerOptions { Workers = 50, MaxBackOff = TimeSpan.FromSeconds(5) });
    controller.Watch(managedResources, change => IsOwnWrite(change) ? [] : [ObjectKey.Of(change.Object)]);
    await host.RunAsync(cancellationToken);
    return 0;
}

// Status and finalizers are written here only: to react to them would be a loop.
static bool IsOwnWrite(InformerEvent<ManagedResource> change) =>
    change is { IsResync: false, Previous: { } previous } && previous.Metadata.Generation == change.Object.Metadata.Generation
    && Annotations(previous).SetEquals(Annotations(change.Object));

static HashSet<KeyValuePair<string, string>> Annotations(ManagedResource value) => [.. value.Metadata.Annotations ?? new Dictionary<string, string>()];
