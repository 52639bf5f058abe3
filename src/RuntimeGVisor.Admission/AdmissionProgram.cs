// SPDX-License-Identifier: Apache-2.0

using Hosting;
using Hosting.Endpoints;
using Hosting.Logging;
using Hosting.Metrics;
using Kubernetes.Controllers.Client;
using Kubernetes.Controllers.Hosting;
using RuntimeGVisor.Admission.Certificates;
using RuntimeGVisor.Admission.CommandLine;
using RuntimeGVisor.Admission.Reviews;
using RuntimeGVisor.Admission.Server;
using RuntimeGVisor.Validation;

namespace RuntimeGVisor.Admission;

/// <summary>The webhook as a process: puts the parts together, runs them, and ends with a code and a reason.</summary>
internal static partial class AdmissionProgram
{
    private const string ComponentName = "gardener-extension-admission-runtime-gvisor";

    /// <returns>0 after an orderly stop, 1 otherwise; the last log line then tells the reason.</returns>
    public static async Task<int> RunAsync(AdmissionOptions options, CancellationToken cancellationToken)
    {
        await using var output = Console.OpenStandardError();
        using var loggers = Logs.Create(output, Logs.ParseFormat(options.LogFormat), Logs.ParseLevel(options.LogLevel), TimeProvider.System);
        var logger = loggers.CreateLogger("main");
        using var shutdown = new ShutdownSignal();
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(shutdown.Token, cancellationToken);
        try
        {
            LogStarting(logger, BuildVersion.Text);
            await RunAsync(options, TimeProvider.System, loggers, stop.Token);
            LogStopped(logger);
            return 0;
        }
        catch (Exception exception) when (exception is ConfigurationException or FlagPolicyException or FormatException or IOException)
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

    /// <summary>Runs until cancelled.</summary>
    /// <param name="options">The flags.</param>
    /// <param name="calendar">The clock of certificates, which live for weeks; limits of seconds have the system's.</param>
    /// <param name="loggers">Makes the loggers of all parts.</param>
    /// <param name="cancellationToken">Tells it to end.</param>
    public static async Task RunAsync(AdmissionOptions options, TimeProvider calendar, ILoggerFactory loggers, CancellationToken cancellationToken)
    {
        var time = TimeProvider.System;
        var metrics = new MetricRegistry();
        var policy = options.FlagPolicy is { } file ? FlagPolicy.Read(await File.ReadAllTextAsync(file, cancellationToken)) : FlagPolicy.Default;
        var configuration = Configuration(options.Kubeconfig);
        using var runtime = new ApiClient(configuration, time, metrics);
        using var garden = new ApiClient(options.GardenKubeconfig is { } path ? Configuration(path) : configuration, time, metrics);
        using var host = new ControllerHost(runtime, HostOptions(options), time, loggers, metrics);

        var served = new ServedCertificate();
        var rotation = new CertificateRotation(
            options.WebhookConfigurationName,
            Source(options, configuration, runtime, calendar),
            garden,
            served,
            calendar,
            loggers.CreateLogger<CertificateRotation>());
        var server = new WebhookServer(
            Address("--webhook-bind-address", options.WebhookBindAddress) ?? throw new FormatException("--webhook-bind-address: must not be off"),
            served,
            new WebhookHandler(new ShootReviewer(policy), time, loggers.CreateLogger<WebhookHandler>(), metrics),
            options.DrainTime,
            time,
            loggers);
        host.Readiness.Add("certificate", () => rotation.Problem);
        host.Readiness.Add("webhook", () => server.IsOpen ? null : "it takes no requests, or is about to end");
        host.AddTask(rotation.RunAsync);
        host.AddTask(server.RunAsync);
        await host.RunAsync(cancellationToken);
    }

    private static ICertificateSource Source(AdmissionOptions options, ApiClientConfiguration configuration, ApiClient runtime, TimeProvider calendar) =>
        options.CertificateDirectory is { } directory
            ? new MountedCertificate(directory)
            : new SharedSecret(
                new ObjectKey(options.Namespace ?? configuration.DefaultNamespace, options.CertificateSecretName),
                options.ServerNames is { Length: > 0 } names
                    ? names
                    : throw new FormatException("--server-names: must name the server as API servers do, unless --certificate-directory has its certificate"),
                runtime,
                calendar);

    private static ApiClientConfiguration Configuration(string? kubeconfig) =>
        ApiClientConfiguration.Load(kubeconfig) with { UserAgent = $"{ComponentName}/{BuildVersion.Version}" };

    private static ControllerHostOptions HostOptions(AdmissionOptions options) => new()
    {
        HealthAddress = Address("--health-bind-address", options.HealthBindAddress),
        MetricsAddress = Address("--metrics-bind-address", options.MetricsBindAddress),
    };

    private static BindAddress? Address(string flag, string text)
    {
        try
        {
            return BindAddress.Parse(text);
        }
        catch (FormatException exception)
        {
            throw new FormatException($"{flag}: {exception.Message}", exception);
        }
    }

    [LoggerMessage(LogLevel.Information, "Starting gardener-extension-admission-runtime-gvisor {Version}")]
    private static partial void LogStarting(ILogger logger, string version);

    [LoggerMessage(LogLevel.Information, "Stopped")]
    private static partial void LogStopped(ILogger logger);

    [LoggerMessage(LogLevel.Error, "Ended: {Reason}")]
    private static partial void LogEnded(ILogger logger, string reason);

    [LoggerMessage(LogLevel.Critical, "Ended by an unexpected error")]
    private static partial void LogCrashed(ILogger logger, Exception cause);
}
