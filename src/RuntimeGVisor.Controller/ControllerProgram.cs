// SPDX-License-Identifier: Apache-2.0

using Gardener.Extensions.Api;
using Gardener.Extensions.Health;
using Gardener.Extensions.Heartbeat;
using Gardener.Extensions.Hosting;
using Gardener.Extensions.Operations;
using Hosting;
using Hosting.Endpoints;
using Hosting.Logging;
using Hosting.Metrics;
using Kubernetes.Controllers.Client;
using Kubernetes.Controllers.Hosting;
using Kubernetes.Controllers.LeaderElection;
using RuntimeGVisor.Controller.CommandLine;
using RuntimeGVisor.Controller.ContainerRuntimes;

namespace RuntimeGVisor.Controller;

/// <summary>The controller as a process: puts the parts together, runs them, and ends with a code and a reason.</summary>
internal static partial class ControllerProgram
{
    private const string ExtensionName = "runtime-gvisor";
    private const string ComponentName = "gardener-extension-runtime-gvisor";
    private const string MetricPrefix = "gvisor";

    /// <returns>0 after an orderly stop, 1 otherwise; the last log line then tells the reason.</returns>
    public static async Task<int> RunAsync(ControllerOptions options, CancellationToken cancellationToken)
    {
        await using var output = Console.OpenStandardError();
        using var loggers = Logs.Create(output, Logs.ParseFormat(options.LogFormat), Logs.ParseLevel(options.LogLevel), TimeProvider.System);
        var logger = loggers.CreateLogger("main");
        using var shutdown = new ShutdownSignal();
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(shutdown.Token, cancellationToken);
        try
        {
            LogStarting(logger, BuildVersion.Text, options.GardenerVersion ?? "unknown");
            foreach (var flag in options.IgnoredFlags)
            {
                LogIgnoredFlag(logger, flag);
            }

            await RunAsync(options, loggers, stop.Token);
            LogStopped(logger);
            return 0;
        }
        catch (Exception exception) when (exception is CommandLineException or ConfigurationException or FormatException or IOException or LeadershipLostException)
        {
            LogEnded(logger, exception.Message);
            return 1;
        }
        catch (Exception exception)
        {
            LogCrashed(logger, exception);
            return 1;
        }
    }

    private static async Task RunAsync(ControllerOptions options, ILoggerFactory loggers, CancellationToken cancellationToken)
    {
        var time = TimeProvider.System;
        var metrics = new MetricRegistry();
        var image = ControllerImages.Load(options.Rendering);
        var configuration = ApiClientConfiguration.Load(options.Kubeconfig, options.Master) with
        {
            UserAgent = $"{ComponentName}/{BuildVersion.Version}",
        };
        var policy = PolicyFlag.Load(options.Rendering.FlagPolicy, options.Rendering.TestRepository);
        using var api = new ApiClient(configuration, time, metrics);
        using var host = new ControllerHost(api, HostOptions(options, configuration), time, loggers, metrics);

        host.AddExtension(
            ExtensionKinds.ContainerRuntime,
            new ExtensionControllerOptions<ContainerRuntime>
            {
                Trigger = new OperationTrigger
                {
                    Type = "gvisor",
                    Classes = options.ExtensionClasses,
                    IgnoreOperationAnnotation = options.IgnoreOperationAnnotation,
                },
                Component = ComponentName,
                Origin = ManagedResourceNames.Origin,
                MetricPrefix = MetricPrefix,
                Health = new ExtensionHealthOptions<ContainerRuntime>
                {
                    ManagedResources = ManagedResourceNames.All,
                    Subject = value => $"worker pool '{value.Spec.WorkerPool.Name}'",
                    IsEnabled = options.HealthConditions,
                },
                Workers = options.MaxConcurrentReconciles,
            },
            services => new GVisorActuator(
                new ShootContent(image, policy, options.Rendering.IsNodeCritical, services.Events, services.Loggers.CreateLogger<ShootContent>()),
                services.ManagedResources,
                services.Client,
                services.Time,
                services.Loggers.CreateLogger<GVisorActuator>()));

        var heartbeat = new HeartbeatOptions
        {
            Namespace = options.HeartbeatNamespace ?? configuration.DefaultNamespace,
            ExtensionName = ExtensionName,
            MetricPrefix = MetricPrefix,
            RenewInterval = TimeSpan.FromSeconds(options.HeartbeatRenewIntervalSeconds),
        };
        host.AddTask(new HeartbeatLease(heartbeat, api, time, loggers.CreateLogger<HeartbeatLease>(), metrics).RunAsync);
        await host.RunAsync(cancellationToken);
    }

    private static ControllerHostOptions HostOptions(ControllerOptions options, ApiClientConfiguration configuration) => new()
    {
        HealthAddress = Address("--health-bind-address", options.HealthBindAddress),
        MetricsAddress = Address("--metrics-bind-address", options.MetricsBindAddress),
        LeaderElection = options.LeaderElection
            ? new LeaderElectionOptions
            {
                Namespace = options.LeaderElectionNamespace ?? configuration.DefaultNamespace,
                Name = options.LeaderElectionId,
            }
            : null,
    };

    private static BindAddress? Address(string flag, string text)
    {
        try
        {
            return BindAddress.Parse(text);
        }
        catch (FormatException exception)
        {
            throw new CommandLineException($"{flag}: {exception.Message}", exception);
        }
    }

    [LoggerMessage(LogLevel.Information, "Starting gardener-extension-runtime-gvisor {Version}, Gardener {GardenerVersion}")]
    private static partial void LogStarting(ILogger logger, string version, string gardenerVersion);

    [LoggerMessage(LogLevel.Information, "The flag {Flag} means something to the Go extension only and is ignored")]
    private static partial void LogIgnoredFlag(ILogger logger, string flag);

    [LoggerMessage(LogLevel.Information, "Stopped")]
    private static partial void LogStopped(ILogger logger);

    [LoggerMessage(LogLevel.Error, "Ended: {Reason}")]
    private static partial void LogEnded(ILogger logger, string reason);

    [LoggerMessage(LogLevel.Critical, "Ended by an unexpected error")]
    private static partial void LogCrashed(ILogger logger, Exception cause);
}
