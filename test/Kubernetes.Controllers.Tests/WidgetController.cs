// SPDX-License-Identifier: Apache-2.0

using System.Text.Json.Nodes;
using Hosting;
using Hosting.Endpoints;
using Hosting.Logging;
using Hosting.Metrics;
using Kubernetes.Controllers.Caching;
using Kubernetes.Controllers.Client;
using Kubernetes.Controllers.Hosting;
using Kubernetes.Controllers.LeaderElection;
using Kubernetes.Controllers.Reconciling;
using Kubernetes.Controllers.Tests.Testing;
using Microsoft.Extensions.Logging;

namespace Kubernetes.Controllers.Tests;

/// <summary>The program on the page "Writing a controller", which quotes it: compiled, so that the page stays true.</summary>
internal static class WidgetController
{
    public static async Task RunAsync()
    {
        var time = TimeProvider.System;
        var metrics = new MetricRegistry();
        await using var output = Console.OpenStandardError();
        using var loggers = Logs.Create(output, LogFormat.Json, LogLevel.Information, time);
        using var signal = new ShutdownSignal();
        using var client = new ApiClient(ApiClientConfiguration.Load() with { UserAgent = "widget-controller" }, time, metrics);
        var options = new ControllerHostOptions
        {
            HealthAddress = BindAddress.Parse(":8081"),
            MetricsAddress = BindAddress.Parse(":8080"),
            LeaderElection = new LeaderElectionOptions { Namespace = "garden", Name = "widget-controller" },
        };
        using var host = new ControllerHost(client, options, time, loggers, metrics);

        var widgets = host.AddInformer(Widget.Resource, new());
        var controller = host.AddController("widget", new WidgetReconciler(client, widgets.Store), new ControllerOptions { Workers = 5 });
        controller.Watch(widgets, change => [ObjectKey.Of(change.Object)]);
        await host.RunAsync(signal.Token);
    }
}

internal sealed class WidgetReconciler(IApiClient client, IObjectStore<Widget> store) : IReconciler
{
    public async Task<ReconcileResult> ReconcileAsync(ObjectKey key, CancellationToken cancellationToken)
    {
        // Deleted: finalizers have seen to the rest.
        if (store.Find(key) is null)
        {
            return ReconcileResult.Done;
        }

        var patch = Patch.Merge(new JsonObject { ["status"] = new JsonObject { ["ready"] = true } });
        await client.PatchAsync(Widget.Resource, key, patch, "status", cancellationToken);
        return ReconcileResult.After(TimeSpan.FromMinutes(10));
    }
}
