// SPDX-License-Identifier: Apache-2.0

using Microsoft.Extensions.Logging;
using RuntimeGVisor.NodeConfiguration;
using RuntimeGVisor.NodeInstaller.Containerd;
using RuntimeGVisor.NodeInstaller.Files;
using RuntimeGVisor.NodeInstaller.Releases;

namespace RuntimeGVisor.NodeInstaller.Convergence;

/// <summary>Reconciles the node for as long as the process lives: at once, after a change, after a while, and later after a failure.</summary>
internal sealed partial class ReconcileLoop(NodeParts node, InstallerStatus status, InstallerMetrics metrics, ILogger logger)
{
    private static readonly TimeSpan SlowPoll = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan UninstallPoll = TimeSpan.FromSeconds(5);

    private readonly Installer _installer = new(node, metrics, logger);
    private readonly Uninstaller _uninstaller = new(node, logger);
    private readonly DebugLogs _debugLogs = new(RunscFlags.DebugLogDirectory, node.Time);

    // At the start there may be those of a process that was killed.
    private bool _hasLeftovers = true;

    /// <summary>Runs until it is cancelled.</summary>
    /// <exception cref="OperationCanceledException">It was.</exception>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        await using var watch = new NodeWatch(node.Desired, node.Layout, node.Time, logger);
        while (true)
        {
            watch.Renew();
            var failure = await ReconcileAsync(cancellationToken);
            TrimDebugLogs();
            MemoryUse.Trim();
            await WaitAsync(watch, failure, cancellationToken);
        }
    }

    /// <summary>Reconciles until the desired state is reached or cannot be reached.</summary>
    /// <returns>Whether it is reached.</returns>
    public async Task<bool> RunOnceAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            var failure = await ReconcileAsync(cancellationToken);
            if (failure is not { Reason: FailureReason.UninstallationPending })
            {
                return failure is null;
            }

            await Task.Delay(RetryDelay.After(failure.Reason, failure.Attempts), node.Time, cancellationToken);
        }
    }

    private async Task WaitAsync(NodeWatch watch, RecordedFailure? failure, CancellationToken cancellationToken)
    {
        if (failure is null)
        {
            await watch.WaitAsync(status.Report.RemainingSandboxes.Count > 0 ? UninstallPoll : SlowPoll, cancellationToken);
            return;
        }

        var delay = RetryDelay.After(failure.Reason, failure.Attempts);
        LogRetry(node.Time.GetUtcNow() + delay);
        // A change by somebody may be the cure; the failed reconcile's own changes are not, and must not make it run again at once.
        await watch.ForgetAsync(cancellationToken);
        if (failure.Reason is FailureReason.RestartBudgetExhausted or FailureReason.ContainerdRestartFailed or FailureReason.HandlerNotServed)
        {
            await Task.Delay(delay, node.Time, cancellationToken);
        }
        else
        {
            await watch.WaitAsync(delay, cancellationToken);
        }
    }

    private async Task<RecordedFailure?> ReconcileAsync(CancellationToken cancellationToken)
    {
        var started = node.Time.GetTimestamp();
        status.ReconcileStarted();
        try
        {
            var result = node.Desired.DesiredState == DesiredState.Installed
                ? await _installer.ReconcileAsync(cancellationToken)
                : await _uninstaller.ReconcileAsync(cancellationToken);
            if (result.LooksAgain is { } time)
            {
                throw new InstallationException(
                    FailureReason.UninstallationPending, $"no sandbox uses gVisor; its files go at {time:u} if that is still so");
            }

            Report(result, node.Time.GetElapsedTime(started));
            _hasLeftovers |= result.Verified;
            await RemoveLeftoversAsync(cancellationToken);
            return null;
        }
        catch (Exception exception) when (!InstallationException.IsCancellation(exception, cancellationToken))
        {
            return Report(InstallationException.From(exception), node.Time.GetElapsedTime(started));
        }
        finally
        {
            status.ReconcileEnded();
        }
    }

    /// <summary>Nobody needs to wait for it: the node is ready by what the sandbox has shown.</summary>
    private async Task RemoveLeftoversAsync(CancellationToken cancellationToken)
    {
        if (!_hasLeftovers || node.Desired.DesiredState != DesiredState.Installed)
        {
            return;
        }

        try
        {
            await node.Verification.RemoveLeftoversAsync(cancellationToken);
            _hasLeftovers = false;
        }
        catch (VerificationLeftoversException exception)
        {
            LogLeftovers(exception.Message);
        }
    }

    private void TrimDebugLogs()
    {
        try
        {
            if (_debugLogs.Trim() is > 0 and var removed)
            {
                LogTrimmed(removed >> 20);
            }
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            LogNotTrimmed(exception.Message);
        }
    }

    private void Report(ReconcileResult result, TimeSpan duration)
    {
        metrics.Succeeded(result, duration);
        var wasReady = status.Report.Ready;
        status.Report = status.Report with
        {
            Ready = true,
            Reason = "",
            Message = MessageOf(result),
            LastReconcile = node.Time.GetUtcNow(),
            GVisorVersion = result.Version ?? "",
            RemainingSandboxes = result.Remaining,
        };
        foreach (var drift in result.Drift)
        {
            LogRepaired(drift.Cause, drift.Description);
        }

        if (!wasReady)
        {
            LogReady(status.Report.Message, (long)duration.TotalMilliseconds);
        }
    }

    private static string MessageOf(ReconcileResult result) => (result.Version, result.Remaining.Count) switch
    {
        ({ } version, _) => $"gVisor {version} is installed and verified by a sandbox",
        (null, 0) => "gVisor is not on this node",
        (null, _) => $"gVisor is uninstalled; its files stay until these sandboxes end: {string.Join(", ", result.Remaining)}",
    };

    private RecordedFailure Report(InstallationException exception, TimeSpan duration)
    {
        metrics.Failed(exception.Reason, duration);
        var previous = status.Report;
        var failure = Record(exception);
        status.Report = previous with
        {
            Ready = false,
            Reason = exception.Reason.ToString(),
            Message = exception.Message,
            LastReconcile = node.Time.GetUtcNow(),
        };
        if (previous.Reason != status.Report.Reason || previous.Message != status.Report.Message)
        {
            LogFailed(exception.Reason, exception.Message);
        }

        return failure;
    }

    private RecordedFailure Record(InstallationException exception)
    {
        var journal = node.Journal.Read();
        var attempts = journal.Failure?.Reason == exception.Reason ? journal.Failure.Attempts + 1 : 1;
        var failure = new RecordedFailure(exception.Reason, exception.Message, node.Time.GetUtcNow(), attempts);
        try
        {
            NodeFiles.CreateDirectory(node.Layout.StateDirectory);
            node.Journal.Write(journal with { Failure = failure });
        }
        catch (Exception innerException) when (innerException is IOException or UnauthorizedAccessException)
        {
            LogJournalNotWritten(innerException.Message);
        }

        return failure;
    }

    [LoggerMessage(LogLevel.Information, "ready after {Milliseconds} ms: {Message}")]
    private partial void LogReady(string message, long milliseconds);

    [LoggerMessage(LogLevel.Warning, "repaired {Cause}: {Description}")]
    private partial void LogRepaired(DriftCause cause, string description);

    [LoggerMessage(LogLevel.Error, "{Reason}: {Message}")]
    private partial void LogFailed(FailureReason reason, string message);

    [LoggerMessage(LogLevel.Warning, "the sandbox of a verification stays until the next reconcile: {Error}")]
    private partial void LogLeftovers(string error);

    [LoggerMessage(LogLevel.Information, "the next attempt is at {Time}")]
    private partial void LogRetry(DateTimeOffset time);

    [LoggerMessage(LogLevel.Information, "removed {MiB} MiB of runsc's debug logs")]
    private partial void LogTrimmed(long miB);

    [LoggerMessage(LogLevel.Warning, "runsc's debug logs cannot be limited: {Error}")]
    private partial void LogNotTrimmed(string error);

    [LoggerMessage(LogLevel.Warning, "the journal cannot be written: {Error}")]
    private partial void LogJournalNotWritten(string error);
}
