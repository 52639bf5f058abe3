// SPDX-License-Identifier: Apache-2.0

using System.Text.Json;
using Hosting;
using Hosting.Logging;
using Microsoft.Extensions.Logging;
using RuntimeGVisor.NodeInstaller.Convergence;
using RuntimeGVisor.NodeInstaller.Endpoints;
using RuntimeGVisor.NodeInstaller.Files;

namespace RuntimeGVisor.NodeInstaller.CommandLine;

/// <summary><c>install</c> and <c>uninstall</c>: change the node, once or for as long as the process lives.</summary>
internal static partial class InstallVerb
{
    /// <summary>Runs the installer.</summary>
    public static async Task<ExitCode> RunAsync(NodeParts node, VerbOptions options, TextWriter output, CancellationToken cancellationToken)
    {
        await using var errors = Console.OpenStandardError();
        using var logs = Logs.Create(errors, LogFormat.Json, LogLevel.Information, node.Time);
        var logger = logs.CreateLogger("installer");
        var status = new InstallerStatus(
            new()
            {
                DesiredState = node.Desired.DesiredState.ToString(),
                InstallerVersion = BuildVersion.Version,
                Handler = node.Desired.Handler,
                WorkerPool = node.Desired.WorkerPool,
            },
            node.Time);
        var metrics = new InstallerMetrics(status);
        if (options.Once)
        {
            using var taken = await TakeLockAsync(node, status, logger, cancellationToken);
            var reached = await new ReconcileLoop(node, status, metrics, logger).RunOnceAsync(cancellationToken);
            await output.WriteAsync(options.Json
                ? JsonSerializer.Serialize(status.Report, StatusReportJson.Default.StatusReport) + "\n"
                : $"{status.Report.Message}\n");
            return reached ? ExitCode.Success : ExitCode.Failure;
        }

        using var liveness = new LivenessSocket(node.Desired.HttpPort, status);
        await using var endpoint = await InstallerEndpoint.StartAsync(node.Desired.HttpPort, status, metrics, logs, cancellationToken);
        using var held = await TakeLockAsync(node, status, logger, cancellationToken);
        await new ReconcileLoop(node, status, metrics, logger).RunAsync(cancellationToken);
        return ExitCode.Success;
    }

    // One installer at a time changes a node, whatever pods overlap, and for as long as it lives: two that repair drift against each other would
    // never end.
    private static async Task<DirectoryLock> TakeLockAsync(NodeParts node, InstallerStatus status, ILogger logger, CancellationToken cancellationToken)
    {
        NodeFiles.CreateDirectory(node.Layout.StateDirectory);
        if (DirectoryLock.TryTake(node.Layout.StateDirectory) is { } taken)
        {
            return taken;
        }

        const string Message = "another installer works on this node; waiting for its end";
        LogWaiting(logger, Message);
        status.Report = status.Report with { Reason = nameof(FailureReason.OtherInstallerRunning), Message = Message };
        return await DirectoryLock.TakeAsync(node.Layout.StateDirectory, node.Time, cancellationToken);
    }

    [LoggerMessage(LogLevel.Information, "{Message}")]
    private static partial void LogWaiting(ILogger logger, string message);
}
