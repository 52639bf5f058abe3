// SPDX-License-Identifier: Apache-2.0

using System.Reflection;
using System.Runtime.InteropServices;
using System.Text.Json;
using Microsoft.Extensions.Logging;
using RuntimeGVisor.NodeConfiguration;
using RuntimeGVisor.NodeInstaller.Containerd;
using RuntimeGVisor.NodeInstaller.Convergence;
using RuntimeGVisor.NodeInstaller.Endpoints;
using RuntimeGVisor.NodeInstaller.Events;

namespace RuntimeGVisor.NodeInstaller.CommandLine;

/// <summary>The program: reads the command line and the configuration and runs the verb.</summary>
internal static class Application
{
    private static string Version =>
        typeof(Application).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "";

    /// <summary>Runs the program.</summary>
    public static async Task<ExitCode> RunAsync(string[] commandLine, TextWriter output, TextWriter errors)
    {
        try
        {
            if (await NodeVerbs.TryRunAsync(commandLine, output, TimeProvider.System))
            {
                return ExitCode.Success;
            }

            if (commandLine is [ContainerdProcess.Verb, var process] && int.TryParse(process, out var number))
            {
                return PrintContainerdProcess(number);
            }

            var arguments = Arguments.Parse(commandLine);
            return arguments.Verb switch
            {
                Verb.Help => await PrintAsync(output, Arguments.Usage),
                Verb.Version => await PrintAsync(output, Version + "\n"),
                _ => await RunOnNodeAsync(arguments, output, errors),
            };
        }
        catch (UsageException exception)
        {
            await errors.WriteAsync($"{exception.Message}\n\n{Arguments.Usage}");
            return ExitCode.Usage;
        }
        catch (NodeInstallerConfigurationException exception)
        {
            await errors.WriteLineAsync(exception.Message);
            return ExitCode.InvalidConfiguration;
        }
        catch (Exception exception)
        {
            var failure = InstallationException.From(exception);
            await errors.WriteLineAsync($"{failure.Reason}: {failure.Message}");
            return ExitCode.Failure;
        }
    }

    private static async Task<ExitCode> PrintAsync(TextWriter output, string text)
    {
        await output.WriteAsync(text);
        return ExitCode.Success;
    }

    private static ExitCode PrintContainerdProcess(int mainProcess)
    {
        using var output = Console.OpenStandardOutput();
        ContainerdProcess.Print(mainProcess, output);
        return ExitCode.Success;
    }

    private static async Task<ExitCode> RunOnNodeAsync(Arguments arguments, TextWriter output, TextWriter errors)
    {
        var wanted = ReadConfiguration(arguments);
        using var stop = new CancellationTokenSource();
        using var terminated = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
        using var interrupted = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
        using var logs = new LineLogger(errors, TimeProvider.System);
        using var node = new NodeInstallation(wanted, arguments.ReleaseDirectory, TimeProvider.System, new());
        try
        {
            return arguments.Verb switch
            {
                Verb.Plan => await PlanVerb.RunAsync(node, arguments, output, stop.Token),
                Verb.Status or Verb.Verify => await CheckVerbs.RunAsync(node, arguments, output, stop.Token),
                _ => await RunInstallerAsync(node, arguments, output, logs, stop.Token),
            };
        }
        catch (Exception exception) when (InstallationException.IsCancellation(exception, stop.Token))
        {
            // SIGTERM ends the installer and leaves the installation: a pod is replaced, a node is drained, and pods go on.
            return ExitCode.Success;
        }

        void Stop(PosixSignalContext signal)
        {
            signal.Cancel = true;
            stop.Cancel();
        }
    }

    private static NodeInstallerConfiguration ReadConfiguration(Arguments arguments)
    {
        byte[] content;
        try
        {
            content = File.ReadAllBytes(arguments.ConfigurationFile);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new NodeInstallerConfigurationException([new("", null, exception.Message)]);
        }

        var wanted = NodeInstallerConfigurationFile.Read(content);
        return arguments.Verb == Verb.Uninstall ? wanted with { DesiredState = DesiredState.Uninstalled } : wanted;
    }

    private static async Task<ExitCode> RunInstallerAsync(
        NodeInstallation node, Arguments arguments, TextWriter output, LineLogger logs, CancellationToken cancellationToken)
    {
        var logger = logs.CreateLogger("installer");
        var wanted = node.Wanted;
        var status = new StatusHolder(
            new()
            {
                DesiredState = wanted.DesiredState.ToString(),
                InstallerVersion = Version,
                Handler = wanted.Handler,
                WorkerPool = wanted.WorkerPool,
            },
            node.Time);
        using var endpoints = arguments.Once ? null : new EndpointServer(wanted.HttpPort, status, node.Metrics, logs);
        if (endpoints is not null)
        {
            await endpoints.StartAsync(cancellationToken);
        }

        using var held = await TakeLockAsync(node, status, logger, cancellationToken);
        await using var events = NodeEvents.FromPod(node.Time, logger);
        var loop = new InstallationLoop(node, status, events, logger);
        if (!arguments.Once)
        {
            await loop.RunAsync(cancellationToken);
        }

        var reached = await loop.RunOnceAsync(cancellationToken);
        await output.WriteAsync(arguments.Json
            ? JsonSerializer.Serialize(status.Report, StatusReportJson.Default.StatusReport) + "\n"
            : $"{status.Report.Message}\n");
        return reached ? ExitCode.Success : ExitCode.Failure;
    }

    private static async Task<InstallationLock> TakeLockAsync(
        NodeInstallation node, StatusHolder status, ILogger logger, CancellationToken cancellationToken)
    {
        if (InstallationLock.TryTake(node.Wanted.StateDirectory) is { } taken)
        {
            return taken;
        }

        const string Message = "another installer works on this node; waiting for its end";
        ApplicationLog.Waiting(logger, Message);
        status.Report = status.Report with { Reason = nameof(FailureReason.OtherInstallerRunning), Message = Message };
        return await InstallationLock.TakeAsync(node.Wanted.StateDirectory, node.Time, cancellationToken);
    }
}

internal static partial class ApplicationLog
{
    [LoggerMessage(LogLevel.Information, "{Message}")]
    public static partial void Waiting(ILogger logger, string message);
}
