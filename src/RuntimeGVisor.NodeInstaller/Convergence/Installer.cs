// SPDX-License-Identifier: Apache-2.0

using Microsoft.Extensions.Logging;
using RuntimeGVisor.NodeInstaller.Containerd;
using RuntimeGVisor.NodeInstaller.Containerd.Configuration;
using RuntimeGVisor.NodeInstaller.Files;
using RuntimeGVisor.NodeInstaller.Releases;

namespace RuntimeGVisor.NodeInstaller.Convergence;

/// <summary>
/// Brings a node to the state Installed: observes it, makes the plan and runs the plan's steps. Every step may be the last one of a process
/// that is killed; the next reconcile observes what there is and goes on.
/// </summary>
internal sealed partial class Installer(NodeParts node, InstallerMetrics metrics, ILogger logger)
{
    private static readonly TimeSpan RollbackLimit = TimeSpan.FromSeconds(55);

    private readonly CandidateCheck _check = new(node.Containerd, node.Layout);
    private readonly StuckShims _stuckShims = new(node.RunVerbAsync, node.Time, logger);
    private bool _hasDelayed;

    /// <summary>One reconcile.</summary>
    /// <returns>What it did.</returns>
    /// <exception cref="InstallationException">The node is not in the desired state; containerd serves as it did before.</exception>
    public async Task<ReconcileResult> ReconcileAsync(CancellationToken cancellationToken)
    {
        NodeFiles.CreateDirectory(node.Layout.StateDirectory);
        var journal = node.Journal.Read();
        var verifiedFiles = journal.VerifiedFiles.ToDictionary();
        var release = Release.Open(node.ReleaseDirectory);
        var observation = await node.Observer.ObserveAsync(release, verifiedFiles, cancellationToken);
        var old = node.Observer.FindOldConfigurations(journal);
        var plan = InstallationPlan.Make(node.Desired, node.Layout, release, node.Store, observation, journal, old);
        var drift = DriftCauses.Find(journal.Verified, plan, observation);
        var run = new Run(release, observation, plan, drift, journal, verifiedFiles);
        await GuardAsync(run, cancellationToken);
        foreach (var step in plan.Steps)
        {
            LogStep(step.Name, step.Description);
            await RunAsync(step.Name, run, cancellationToken);
        }

        if (!plan.Has(StepName.Record))
        {
            Record(run);
        }

        return new() { Version = release.Version, Drift = drift, ChangedFiles = plan.ChangesFiles, Verified = plan.Has(StepName.Verify) };
    }

    private Task RunAsync(StepName step, Run run, CancellationToken cancellationToken)
    {
        switch (step)
        {
            case StepName.Stage:
                Stage(run);
                return Task.CompletedTask;
            case StepName.TryFlags:
                return TryFlagsAsync(run, cancellationToken);
            case StepName.EditConfiguration:
                return EditConfigurationAsync(run, cancellationToken);
            case StepName.SwitchLinks:
                node.Store.MakeCurrent(run.Release.Key);
                return Task.CompletedTask;
            case StepName.Restart:
                return RestartAsync(run, cancellationToken);
            case StepName.Verify:
                return VerifyAsync(run, cancellationToken);
            case StepName.LinkRunsc:
                return LinkRunscAsync(cancellationToken);
            case StepName.Record:
                Record(run);
                return Task.CompletedTask;
            case StepName.Prune:
                Prune(run);
                return Task.CompletedTask;
            default:
                throw new InvalidOperationException($"the step {step} is not known");
        }
    }

    /// <summary>What can be seen without changing anything is looked at before anything changes.</summary>
    private async Task GuardAsync(Run run, CancellationToken cancellationToken)
    {
        var (observation, plan) = (run.Observation, run.Plan);
        if (!observation.Served.IsReady && !plan.Restarts)
        {
            await _stuckShims.EndWhereTheyHangAsync(observation.Service, cancellationToken);
            throw new InstallationException(
                FailureReason.ContainerdNotReady,
                $"containerd does not serve the CRI: {observation.Served.Reason} ({observation.Service.ActiveState}, {observation.Service.SubState})");
        }

        var isChange = run.Journal.Verified?.ConfigPath != plan.Entry.ConfigPath;
        if (isChange && run.Journal.Rejected is { } rejected && rejected.Applies(plan.Entry.ConfigPath, observation.Inputs, observation.Time)
            && (plan.ContainerdConfiguration.IsNeeded || plan.Restarts))
        {
            throw new InstallationException(
                rejected.Reason, $"{rejected.Message}; it is tried again when something on the node or in the configuration changes, or at {rejected.RetryAt:u}");
        }

        if (plan.ChangesFiles)
        {
            node.Journal.CheckWritable();
        }

        // What is verified is entered again even so: whoever restarts containerd next then has it served.
        if (plan.Restarts && isChange)
        {
            CheckRestartBudget(run);
        }
    }

    private void Stage(Run run)
    {
        if (run.Plan.Adopts)
        {
            Adopt(run);
        }

        if (run.Observation.Defects.Count > 0)
        {
            run.Release.CheckExecutables();
            node.Store.Stage(run.Release, run.Observation.Defects, run.VerifiedFiles);
        }

        ReleaseStore.Write(run.Plan.Configuration);
    }

    /// <summary>Keeps what another installer has put on the node as the release to go back to.</summary>
    private void Adopt(Run run)
    {
        var table = run.Observation.ContainerdConfiguration.FindRuntime(node.Desired.Handler)!;
        var path = table.Find([HandlerEntry.Options, "ConfigPath"]) is string named && File.Exists(named) ? named : null;
        var adopted = node.Store.Adopt(run.Observation.Foreign!, path is null ? "" : File.ReadAllText(path));
        run.Journal = run.Journal with
        {
            Verified = new("of the installation that was taken over", node.Desired.Handler, adopted.Path, ContainerdInvocation: ""),
            AdoptedConfiguration = path,
        };
        node.Journal.Write(run.Journal);
        LogAdopted(adopted.Path);
    }

    private async Task TryFlagsAsync(Run run, CancellationToken cancellationToken)
    {
        var result = await node.Trial.RunAsync(node.Store.RunscOf(run.Release.Key), run.Plan.Flags, cancellationToken);
        if (result.Verdict != Verdict.Passed)
        {
            throw new InstallationException(
                result.Verdict == Verdict.Failed ? FailureReason.RunscFailed : FailureReason.VerificationInconclusive, result.Message);
        }
    }

    private async Task EditConfigurationAsync(Run run, CancellationToken cancellationToken)
    {
        var wasPending = run.Journal.RestartPending;
        if (run.Plan.Restarts || !run.Observation.Served.Serves(run.Plan.Entry))
        {
            // Before the file: a process that is killed right after the rename leaves a restart that somebody has to make.
            run.Journal = run.Journal with { RestartPending = true };
            node.Journal.Write(run.Journal);
        }

        try
        {
            await node.Configuration.EditAsync(
                file => HandlerEditor.Set(file, run.Plan.Entry),
                (candidate, token) => _check.RunAsync(candidate, run.Plan.Entry, token),
                cancellationToken);
            run.IsChecked = true;
        }
        catch
        {
            run.Journal = run.Journal with { RestartPending = wasPending };
            node.Journal.Write(run.Journal);
            throw;
        }
    }

    private async Task RestartAsync(Run run, CancellationToken cancellationToken)
    {
        CheckRestartBudget(run);
        var delay = RestartPolicy.Delay(
            run.Observation.Service, run.Observation.Time, TimeSpan.FromSeconds(node.Desired.MaxRestartDelaySeconds), _hasDelayed ? 0 : Random.Shared.NextDouble());
        if (delay > TimeSpan.Zero)
        {
            _hasDelayed = true;
            LogDelaying(delay.TotalSeconds);
            await Task.Delay(delay, node.Time, cancellationToken);
            run.IsChecked = false;
            if ((await node.Client.GetServedAsync(cancellationToken)).Serves(run.Plan.Entry))
            {
                return;
            }
        }

        await _stuckShims.WaitForPendingAsync(cancellationToken);
        if (!run.IsChecked)
        {
            await _check.RunAsync(node.Layout.ConfigurationFile, run.Plan.Entry, cancellationToken);
        }

        var service = await node.Systemd.GetServiceAsync(node.Layout.ContainerdUnit, cancellationToken);
        if (service is { ActiveState: not ("active" or "failed") } or { Job: not null })
        {
            throw new InstallationException(
                FailureReason.ContainerdNotReady, $"{node.Layout.ContainerdUnit} is {service.ActiveState} ({service.SubState}) by somebody else's doing");
        }

        cancellationToken.ThrowIfCancellationRequested();
        // Nobody cancels a restart that has begun: were containerd not to come up, no other installer could be started to roll it back.
        var (outcome, reason) = await RestartContainerdAsync(run, run.Plan.Entry, CancellationToken.None);
        switch (outcome)
        {
            case RestartOutcome.Serves:
                run.Journal = run.Journal with { RestartPending = false };
                node.Journal.Write(run.Journal);
                return;
            case RestartOutcome.Starting:
                throw new InstallationException(FailureReason.ContainerdNotReady, reason);
            case RestartOutcome.DoesNotServe when await IsTakenOutAsync(run.Plan.Entry, CancellationToken.None):
                throw new InstallationException(
                    FailureReason.ContainerdConfigurationChanging,
                    $"somebody took the handler {run.Plan.Entry.Handler} out of {node.Layout.ConfigurationFile} while containerd was restarted");
            default:
                await RollBackAsync(
                    run, outcome == RestartOutcome.Failed ? FailureReason.ContainerdRestartFailed : FailureReason.HandlerNotServed, reason);
                return;
        }
    }

    // Nothing of that is the release's fault, and there is nothing to roll back.
    private async Task<bool> IsTakenOutAsync(HandlerEntry entry, CancellationToken cancellationToken) =>
        (await node.Configuration.ReadAsync(cancellationToken)).FindRuntime(entry.Handler) is not { } table || !entry.IsServedBy(table);

    private async Task VerifyAsync(Run run, CancellationToken cancellationToken)
    {
        var service = await node.Systemd.GetServiceAsync(node.Layout.ContainerdUnit, cancellationToken);
        var result = await node.Verification.RunAsync(run.Plan.ToVerification(node.Program.Place(), node.Layout.VerificationDirectory), cancellationToken);
        var isSameRun = (await node.Systemd.GetServiceAsync(node.Layout.ContainerdUnit, cancellationToken)).InvocationId == service.InvocationId;
        if (result.Verdict == Verdict.Passed && isSameRun)
        {
            run.Journal = run.Journal with
            {
                Verified = new(run.Release.Version, run.Plan.Entry.Handler, run.Plan.Entry.ConfigPath, service.InvocationId),
                Rejected = null,
            };
            return;
        }

        if (result.Verdict != Verdict.Failed || !isSameRun)
        {
            throw new InstallationException(
                FailureReason.VerificationInconclusive,
                isSameRun ? result.Message : $"containerd was restarted by somebody else while a sandbox started: {result.Message}");
        }

        if (FindPrevious(run) is not null)
        {
            await RollBackAsync(run, FailureReason.SandboxFailed, result.Message);
        }

        throw new InstallationException(FailureReason.SandboxFailed, result.Message);
    }

    private async Task LinkRunscAsync(CancellationToken cancellationToken)
    {
        // Looked at again: while containerd still served what was there before, somebody may have started a sandbox that goes by the name.
        if (!node.Observer.ReadUse(await node.Configuration.ReadAsync(cancellationToken)).HasUsersOfRunscName)
        {
            node.Store.LinkRunsc();
        }
    }

    private void Record(Run run)
    {
        node.Store.RemoveStaging();
        var directory = node.Store.DirectoryOf(run.Release.Key) + "/";
        run.Journal = run.Journal with
        {
            RestartPending = false,
            Failure = null,
            EmptySince = null,
            Restarts = RestartBudget.Recent(run.Journal.Restarts, node.Time.GetUtcNow()),
            VerifiedFiles = run.VerifiedFiles.Where(pair => pair.Key.StartsWith(directory, StringComparison.Ordinal)).ToDictionary(),
            UnusedSince = UnusedFiles.Track(run.Journal.UnusedSince, FindUnused(run), node.Time.GetUtcNow()),
        };
        node.Journal.Write(run.Journal);
    }

    private void Prune(Run run)
    {
        // Looked at again right before: what is in use now is not removed, whatever was seen earlier.
        var unused = FindUnused(run) ?? [];
        foreach (var path in UnusedFiles.Due(run.Journal.UnusedSince, node.Time.GetUtcNow()).Intersect(unused, StringComparer.Ordinal))
        {
            NodeFiles.Remove(path);
            LogPruned(path);
        }
    }

    private IReadOnlyList<string>? FindUnused(Run run) => UnusedFiles.Find(
        node.Store,
        node.Observer.FindOldConfigurations(run.Journal),
        node.Observer.ReadUse(run.Observation.ContainerdConfiguration),
        [.. new[] { run.Plan.Entry.ConfigPath, run.Journal.Verified?.ConfigPath }.OfType<string>()]);

    private void CheckRestartBudget(Run run)
    {
        var now = node.Time.GetUtcNow();
        var restarts = run.Journal.Restarts;
        var allowed = RestartBudget.NextAllowed(restarts, node.Desired.MaxRestartsPerHour, now);
        if (allowed > now)
        {
            var cause = run.Journal.Rejected?.Message ?? string.Join("; ", run.Drift.Select(drift => drift.Description));
            throw new InstallationException(
                FailureReason.RestartBudgetExhausted,
                $"containerd was restarted {RestartBudget.Recent(restarts, now).Count} times within an hour; the next restart is allowed at {allowed:u}: {cause}");
        }
    }

    private async Task<(RestartOutcome Outcome, string Reason)> RestartContainerdAsync(Run run, HandlerEntry? entry, CancellationToken cancellationToken)
    {
        var now = node.Time.GetUtcNow();
        run.Journal = run.Journal with { RestartPending = true, Restarts = [.. RestartBudget.Recent(run.Journal.Restarts, now), now] };
        node.Journal.Write(run.Journal);
        metrics.Restarted();
        var restart = new ContainerdRestart(node.Systemd, node.Client, _stuckShims, node.Layout.ContainerdUnit, node.Time);
        return await restart.RunAsync(entry, RestartPolicy.StartLimit(RunscBundles.Directories(node.Layout.ContainerdState).Count()), cancellationToken);
    }

    private VerifiedInstallation? FindPrevious(Run run) =>
        run.Journal.Verified is { } verified
        && verified.Handler == node.Desired.Handler
        && verified.ConfigPath != run.Plan.Entry.ConfigPath
        && File.Exists(verified.ConfigPath)
        && node.Store.KeyOf(verified.ConfigPath) is not null
            ? verified
            : null;

    /// <summary>
    /// Rolls back what is ours: to the installation that was verified last, or to none. Everything else in containerd's configuration stays as
    /// it is now, whoever wrote it in the meantime.
    /// </summary>
    private async Task RollBackAsync(Run run, FailureReason reason, string message)
    {
        var previous = FindPrevious(run);
        var what = previous is null ? "the handler was taken out again" : $"gVisor {previous.Version} was put back";
        // Also when the process is asked to stop: containerd must not stay down.
        using var limit = new CancellationTokenSource(RollbackLimit, node.Time);
        try
        {
            var entry = previous is null ? null : new HandlerEntry(previous.Handler, previous.ConfigPath);
            await node.Configuration.EditAsync(
                file => entry is null ? HandlerEditor.Remove(file, node.Desired.Handler) : HandlerEditor.Set(file, entry), check: null, limit.Token);
            if (previous is not null)
            {
                node.Store.MakeCurrent(node.Store.KeyOf(previous.ConfigPath)!);
            }

            var (outcome, trouble) = await RestartContainerdAsync(run, entry, limit.Token);
            var succeeded = outcome == RestartOutcome.Serves;
            message += succeeded ? $"; {what} and containerd serves" : $"; {what} and containerd still does not serve: {trouble}";
            run.Journal = run.Journal with { RestartPending = !succeeded };
        }
        catch (Exception exception)
        {
            message += $"; it could not be rolled back: {exception.Message}";
        }

        var inputs = run.Observation.Inputs;
        try
        {
            inputs = node.Observer.ReadInputs(await node.Configuration.ReadAsync(CancellationToken.None));
        }
        catch (Exception exception) when (exception is ContainerdConfigurationException or IOException)
        {
            // Somebody is writing the file: that the release failed is recorded all the same.
        }

        var rejected = new RejectedInstallation(run.Plan.Entry.ConfigPath, inputs, reason, message, node.Time.GetUtcNow());
        node.Journal.Write(run.Journal with { Rejected = rejected });
        throw new InstallationException(reason, message);
    }

    /// <summary>One reconcile's plan, and what changes while its steps run.</summary>
    private sealed class Run(
        Release release, Observation observation, InstallationPlan plan, IReadOnlyList<Drift> drift, Journal journal, Dictionary<string, string> verifiedFiles)
    {
        public Release Release => release;

        public Observation Observation => observation;

        public InstallationPlan Plan => plan;

        public IReadOnlyList<Drift> Drift => drift;

        public Dictionary<string, string> VerifiedFiles => verifiedFiles;

        public Journal Journal { get; set; } = journal;

        /// <summary>Whether containerd's configuration, as it is now, has been checked.</summary>
        public bool IsChecked { get; set; }
    }

    [LoggerMessage(LogLevel.Information, "{Step}: {Description}")]
    private partial void LogStep(StepName step, string description);

    [LoggerMessage(LogLevel.Information, "kept the gVisor of another installer: {Configuration} goes back to it")]
    private partial void LogAdopted(string configuration);

    [LoggerMessage(LogLevel.Information, "containerd is restarted in {Seconds} s, so that not all nodes restart at once")]
    private partial void LogDelaying(double seconds);

    [LoggerMessage(LogLevel.Information, "removed {Path}, which nothing has used for an hour")]
    private partial void LogPruned(string path);
}
