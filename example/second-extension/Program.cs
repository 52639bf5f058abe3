// SPDX-License-Identifier: Apache-2.0

using Gardener.Extensions.Hosting;
using Gardener.Extensions.Operations;
using Hosting;
using Hosting.Endpoints;
using Hosting.Logging;
using Hosting.Metrics;
using Kubernetes.Controllers.Client;
using Kubernetes.Controllers.Hosting;
using Microsoft.Extensions.Logging;
using SecondExtension;

const string Component = "gardener-extension-notice";

// SecondExtension [HEALTH_ADDRESS]; the API server is that of KUBECONFIG, else the pod's.
var time = TimeProvider.System;
var metrics = new MetricRegistry();
await using var output = Console.OpenStandardError();
using var loggers = Logs.Create(output, LogFormat.Json, LogLevel.Information, time);
using var shutdown = new ShutdownSignal();
using var api = new ApiClient(ApiClientConfiguration.Load() with { UserAgent = Component }, time, metrics);
using var host = new ControllerHost(
    api, new ControllerHostOptions { HealthAddress = args is [var address] ? BindAddress.Parse(address) : null }, time, loggers, metrics);

host.AddExtension(
    ShootExtensions.Kind,
    new ExtensionControllerOptions<ShootExtension>
    {
        Trigger = new OperationTrigger { Type = "notice" },
        Component = Component,
        Origin = NoticeActuator.Origin,
        MetricPrefix = "notice",
    },
    services => new NoticeActuator(services.ManagedResources));
await host.RunAsync(shutdown.Token);
