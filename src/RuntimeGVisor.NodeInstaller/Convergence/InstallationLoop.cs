// SPDX-License-Identifier: Apache-2.0

using Microsoft.Extensions.Logging;
using RuntimeGVisor.NodeConfiguration;
using RuntimeGVisor.NodeInstaller.Containerd;
using RuntimeGVisor.NodeInstaller.Endpoints;
using RuntimeGVisor.NodeInstaller.Events;

namespace RuntimeGVisor.NodeInstaller.Convergence;

/// <summary>Passes over the node for as long as the process lives: at once, after a change, after a while, and later after a failure.</summary>
internal sealed partial class InstallationLoop(NodeInstallation node, StatusHolder status, NodeEvents events, ILogger logger)
{
    private static readonly TimeSpan SlowPoll = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan UninstallPoll = TimeSpan.FromSeconds(5);

    private readonly Installer _installer = new(node, logger);
    private readonly Uninstaller _uninstaller = new(node, logger);

    // At the start there may be that of a process that was killed.
    private bool _hasProofSandbox = true;

    /// <summary>Runs until it is cancelled.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        using var watch = new NodeWatch(node.Wanted, node.Time);
        while (true)
        {
            watch.Renew();
            var failure = await TryPassAsync(cancellationToken);
            MemoryUse.Trim();
            await WaitAsync(watch, failure, cancellationToken);
        }
    }

    /// <summary>Makes one pass.</summary>
    /// <returns>Whether the wanted state is reached.</returns>
    public async Task<bool> RunOnceAsync(CancellationToken cancellationToken) =>
        await TryPassAsync(cancellationToken) is null;

    private async Task WaitAsync(NodeWatch watch, RecordedFailure? failure, CancellationToken cancellationToken)
    {
        if (failure is null)
        {
            await watch.WaitAsync(status.Report.RemainingPods.Count > 0 ? UninstallPoll : SlowPoll, cancellationToken);
            return;
        }

        var delay = RetryDelay.After(failure.Reason, failure.Attempts);
        LogRetry(node.Time.GetUtcNow() + delay);
        // A change by somebody may be the cure; the failed pass's own changes are not, and must not make it run again at once.
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

    private async Task<RecordedFailure?> TryPassAsync(CancellationToken cancellationToken)
    {
        var started = node.Time.GetTimestamp();
        status.PassStarted();
        try
        {
            var result = node.Wanted.DesiredState == DesiredState.Installed
                ? await _installer.ConvergeAsync(cancellationToken)
                : await _uninstaller.ConvergeAsync(cancellationToken);
            Report(result, node.Time.GetElapsedTime(started));
            _hasProofSandbox |= result.Proved;
            await RemoveProofSandboxAsync();
            return null;
        }
        catch (Exception exception) when (!InstallationException.IsCancellation(exception, cancellationToken))
        {
            return Report(InstallationException.From(exception), node.Time.GetElapsedTime(started));
        }
        finally
        {
            status.PassEnded();
        }
    }

    /// <summary>Nobody needs to wait for it: the node is ready by what the sandbox has shown.</summary>
    private async Task RemoveProofSandboxAsync()
    {
        // Uninstalling looks for it by itself.
        if (!_hasProofSandbox || node.Wanted.DesiredState != DesiredState.Installed)
        {
            return;
        }

        try
        {
            await new ProofRun(node).RemoveSandboxAsync();
            _hasProofSandbox = false;
        }
        catch (VerificationLeftoversException exception)
        {
            LogProofNotRemoved(exception.Message);
        }
    }

    private void Report(PassResult result, TimeSpan duration)
    {
        node.Metrics.Succeeded(result, duration);
        var wasReady = status.Report.Ready;
        status.Report = status.Report with
        {
            Ready = true,
            Reason = "",
            Message = MessageOf(result),
            LastPass = node.Time.GetUtcNow(),
            GVisorVersion = result.Version ?? "",
            RemainingPods = result.Remaining,
        };
        foreach (var drift in result.Drift)
        {
            LogRepaired(drift.Cause, drift.Description);
            events.Send(isWarning: true, "GVisorRepaired", $"repaired: {drift.Description}");
        }

        if (!wasReady)
        {
            LogReady(status.Report.Message, (long)duration.TotalMilliseconds);
            events.Send(isWarning: false, "GVisorReady", status.Report.Message);
        }
    }

    private static string MessageOf(PassResult result) => (result.Version, result.Remaining.Count) switch
    {
        ({ } version, _) => $"gVisor {version} is installed and a sandbox has proven it",
        (null, 0) => "gVisor is not on this node",
        (null, _) => $"gVisor is uninstalled; its files stay until these pods end: {string.Join(", ", result.Remaining)}",
    };

    private RecordedFailure Report(InstallationException exception, TimeSpan duration)
    {
        node.Metrics.Failed(exception.Reason, duration);
        var previous = status.Report;
        var failure = Record(exception);
        status.Report = previous with
        {
            Ready = false,
            Reason = exception.Reason.ToString(),
            Message = exception.Message,
            LastPass = node.Time.GetUtcNow(),
        };
        if (previous.Reason != status.Report.Reason || previous.Message != status.Report.Message)
        {
            LogFailed(exception.Reason, exception.Message);
            events.Send(isWarning: true, $"GVisor{exception.Reason}", exception.Message);
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
            node.Journal.Write(journal with { Failure = failure });
        }
        catch (Exception unwritable) when (unwritable is IOException or UnauthorizedAccessException)
        {
            LogJournalNotWritten(unwritable.Message);
        }

        return failure;
    }

    [LoggerMessage(LogLevel.Information, "ready after {Milliseconds} ms: {Message}")]
    private partial void LogReady(string message, long milliseconds);

    [LoggerMessage(LogLevel.Warning, "repaired {Cause}: {Description}")]
    private partial void LogRepaired(DriftCause cause, string description);

    [LoggerMessage(LogLevel.Error, "{Reason}: {Message}")]
    private partial void LogFailed(FailureReason reason, string message);

    [LoggerMessage(LogLevel.Warning, "the sandbox of the proof stays until the next pass: {Error}")]
    private partial void LogProofNotRemoved(string error);

    [LoggerMessage(LogLevel.Information, "the next attempt is at {Time}")]
    private partial void LogRetry(DateTimeOffset time);

    [LoggerMessage(LogLevel.Warning, "the journal cannot be written: {Error}")]
    private partial void LogJournalNotWritten(string error);
}
