// SPDX-License-Identifier: Apache-2.0

using System.Text;
using Microsoft.Extensions.Logging;
using RuntimeGVisor.NodeConfiguration;
using RuntimeGVisor.NodeInstaller.Containerd;
using RuntimeGVisor.NodeInstaller.Containerd.Configuration;
using RuntimeGVisor.NodeInstaller.Releases;

namespace RuntimeGVisor.NodeInstaller.Convergence;

/// <summary>
/// Brings a node to the state Installed. A pass looks at the node, plans, and does what the plan says in an order in which it may be killed
/// anywhere: what a file refers to is complete before the file, and the file before the restart that reads it.
/// </summary>
internal sealed partial class Installer(NodeInstallation node, ILogger logger)
{
    // Every two seconds somebody looks at a containerd that is down.
    private const int PassesBetweenEnds = 5;
    private const int PassesBeforeEnd = 3;

    private readonly NodeInstallerConfiguration _wanted = node.Wanted;
    private readonly UnstartedContainers _unstarted = new(node, logger);

    /// <summary>One pass.</summary>
    /// <returns>What it did.</returns>
    /// <exception cref="InstallationException">The node is not in the wanted state; containerd serves as it did before.</exception>
    public async Task<PassResult> ConvergeAsync(CancellationToken cancellationToken)
    {
        node.Files.CreateDirectory(_wanted.StateDirectory);
        var journal = node.Journal.Read();
        var checkedFiles = journal.CheckedFiles.ToDictionary();
        var release = Release.Open(node.ReleaseDirectory);
        var (state, plan) = await LookAsync(release, journal, checkedFiles, cancellationToken);
        var causes = DriftCauses.Find(journal.Proven, release.Key, plan, state);
        var changesFiles = plan.ChangesFiles;

        // What can be seen without changing anything is looked at before anything changes.
        if (!state.Served.IsReady && !plan.Restart)
        {
            await EndUnstartedNowAndThenAsync(journal, cancellationToken);
        }

        CheckContainerd(state, plan, journal);
        if (plan.FilesToCopy.Count > 0)
        {
            release.CheckExecutables();
        }

        if (changesFiles)
        {
            // What could not be recorded at its end is not begun.
            node.Journal.Write(journal);
        }

        if (plan.FilesToCopy.Count > 0 && !plan.ContainerdConfiguration.IsNeeded)
        {
            // Copying takes its time, and a pod that starts meanwhile must keep its file of flags.
            Stage(release, plan, checkedFiles);
            (state, plan) = await LookAsync(release, journal, checkedFiles, cancellationToken);
            CheckContainerd(state, plan, journal);
        }

        if (plan.ContainerdConfiguration.IsNeeded)
        {
            journal = journal with { RestartOwed = true };
            await ChangeContainerdConfigurationAsync(release, plan, checkedFiles, journal, cancellationToken);
        }
        else
        {
            // Of a pass that was killed before its candidate came into its place.
            node.Files.Discard(plan.ContainerdConfiguration.Path);
            await PutFilesInPlaceAsync(release, plan, checkedFiles, cancellationToken);
        }

        if (plan.Restart)
        {
            journal = await RestartContainerdAsync(state, plan, journal, cancellationToken);
        }

        var proven = new ProvenInstallation(
            release.Key,
            release.Version,
            plan.Entry.Handler,
            plan.Entry.ConfigPath,
            plan.RunscConfiguration.After,
            await node.Containerd.GetInvocationAsync(cancellationToken));
        var isNew = journal.Proven != proven;
        if (isNew)
        {
            await ProveAsync(proven, plan, journal, cancellationToken);
        }

        var done = journal with
        {
            RestartOwed = false,
            Proven = proven,
            Failure = null,
            Restarts = RestartBudget.Recent(journal.Restarts, node.Time.GetUtcNow()),
            CheckedFiles = CheckedFilesOf(release, checkedFiles),
        };
        if (isNew || journal.Failure is not null || changesFiles || done.CheckedFiles.Count != journal.CheckedFiles.Count)
        {
            node.Journal.Write(done);
        }

        Collect(release.Key, plan.Entry.ConfigPath, state);
        return new(release.Version, causes, changesFiles, plan.Restart, isNew, []);
    }

    private async Task<(NodeState State, InstallationPlan Plan)> LookAsync(
        Release release, Journal journal, Dictionary<string, string> checkedFiles, CancellationToken cancellationToken)
    {
        var state = await NodeState.ReadAsync(_wanted, release, node.Store, node.Client, checkedFiles, cancellationToken);
        return (state, InstallationPlan.Make(_wanted, release, node.Store, state, journal.RestartOwed));
    }

    /// <summary>Whoever restarted it, a containerd that does not come up may wait for the shim of a container that was not started.</summary>
    private async Task EndUnstartedNowAndThenAsync(Journal journal, CancellationToken cancellationToken)
    {
        if (journal.Failure is { Reason: FailureReason.ContainerdNotReady } failure && failure.Attempts % PassesBetweenEnds == PassesBeforeEnd)
        {
            await _unstarted.EndAsync(cancellationToken);
        }
    }

    private void CheckContainerd(NodeState state, InstallationPlan plan, Journal journal)
    {
        if (!state.Served.IsReady && !plan.Restart)
        {
            throw new InstallationException(FailureReason.ContainerdNotReady, $"containerd does not serve the CRI: {state.Served.Reason}");
        }

        if (state.Served.IsReady && plan.Restart)
        {
            // Before the file is changed: whoever restarts containerd next would find a change that may have failed again and again.
            CheckRestartBudget(journal);
        }
    }

    private void Stage(Release release, InstallationPlan plan, Dictionary<string, string> checkedFiles)
    {
        LogStaging(release.Key, plan.FilesToCopy.Count);
        node.Store.Stage(release, plan.FilesToCopy, checkedFiles);
    }

    private async Task PutFilesInPlaceAsync(
        Release release, InstallationPlan plan, Dictionary<string, string> checkedFiles, CancellationToken cancellationToken)
    {
        // The runsc of the image is the one that is copied: it can judge the flags meanwhile.
        await Task.WhenAll(
            plan.FilesToCopy.Count > 0 ? Task.Run(() => Stage(release, plan, checkedFiles), cancellationToken) : Task.CompletedTask,
            plan.RunscConfiguration.IsNeeded ? new FlagPreflight(node.Time).CheckAsync(release.RunscPath, plan.Flags, cancellationToken) : Task.CompletedTask);
        if (plan.RunscConfiguration.IsNeeded)
        {
            LogWriting(plan.RunscConfiguration.Path);
            node.Files.Write(plan.RunscConfiguration.Path, Encoding.UTF8.GetBytes(plan.RunscConfiguration.After));
        }

        if (plan.MakeCurrent)
        {
            node.Store.MakeCurrent(release.Key, plan.KeepForeignRunsc);
        }
    }

    private async Task ChangeContainerdConfigurationAsync(
        Release release, InstallationPlan plan, Dictionary<string, string> checkedFiles, Journal journal, CancellationToken cancellationToken)
    {
        var change = plan.ContainerdConfiguration;
        var candidate = node.Files.Prepare(change.Path, Encoding.UTF8.GetBytes(change.After));
        try
        {
            // containerd takes as long to judge the candidate as the release takes to be copied; neither needs the other.
            await Task.WhenAll(
                node.Containerd.CheckCandidateAsync(candidate, plan.Entry, cancellationToken),
                PutFilesInPlaceAsync(release, plan, checkedFiles, cancellationToken));
            cancellationToken.ThrowIfCancellationRequested();
            node.Journal.Write(journal);
            if (NodeState.ReadContainerdConfiguration(change.Path).Document.Text != change.Before)
            {
                throw new InstallationException(
                    FailureReason.ContainerdConfigurationChanging, $"{change.Path} was written by somebody else at the same time");
            }

            LogWriting(change.Path);
            node.Files.Commit(change.Path);
        }
        catch
        {
            node.Files.Discard(change.Path);
            throw;
        }
    }

    private void CheckRestartBudget(Journal journal)
    {
        var now = node.Time.GetUtcNow();
        var allowed = RestartBudget.NextAllowed(journal.Restarts, _wanted.MaximumRestartsPerHour, now);
        if (allowed > now)
        {
            throw new InstallationException(
                FailureReason.RestartBudgetExhausted,
                $"containerd was restarted {RestartBudget.Recent(journal.Restarts, now).Count} times within an hour; the next restart is allowed at {allowed:u}");
        }
    }

    /// <summary>
    /// Nobody cancels a restart that has begun: were containerd not to come up, no other installer could be started to take it back.
    /// </summary>
    private async Task<Journal> RestartContainerdAsync(
        NodeState state, InstallationPlan plan, Journal journal, CancellationToken cancellationToken)
    {
        if (state.Served.ServesName(_wanted.Handler))
        {
            // A pod of the handler may be about to start.
            await _unstarted.WaitAsync(cancellationToken);
        }

        var now = node.Time.GetUtcNow();
        journal = journal with { RestartOwed = true, Restarts = [.. RestartBudget.Recent(journal.Restarts, now), now] };
        node.Journal.Write(journal);
        LogRestarting();
        node.Metrics.Restarted();
        try
        {
            await node.Containerd.RestartAsync(plan.Entry, _unstarted.EndAsync, CancellationToken.None);
            return journal;
        }
        catch (InstallationException exception)
        {
            throw new InstallationException(exception.Reason, $"{exception.Message}; {await TakeBackAsync(journal)}", exception);
        }
    }

    private async Task ProveAsync(ProvenInstallation wanted, InstallationPlan plan, Journal journal, CancellationToken cancellationToken)
    {
        try
        {
            await new ProofRun(node).RunAsync(plan, ProofRun.InstallPurpose, cancellationToken);
        }
        catch (SandboxProofException exception)
        {
            // systemd may not know of the next run of containerd yet when the connection breaks.
            if (exception.IsNoVerdict || await node.Containerd.GetInvocationAsync(cancellationToken) != wanted.ContainerdInvocation)
            {
                throw new InstallationException(
                    FailureReason.ContainerdNotReady, $"containerd ended or was restarted by somebody else while a sandbox started: {exception.Message}", exception);
            }

            if (FindPrevious(journal) is { } previous && previous with { ContainerdInvocation = wanted.ContainerdInvocation } != wanted)
            {
                throw new InstallationException(FailureReason.SandboxFailed, $"{exception.Message}; {await TakeBackAsync(journal)}", exception);
            }

            throw;
        }
    }

    /// <summary>
    /// Takes back what is ours: to the installation that was proven last, or to none. Everything else in containerd's configuration stays
    /// as it is now, whoever wrote it meanwhile.
    /// </summary>
    private async Task<string> TakeBackAsync(Journal journal)
    {
        // Also when the process is asked to stop: containerd must not stay down.
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(45), node.Time);
        try
        {
            var file = NodeState.ReadContainerdConfiguration(_wanted.Containerd.ConfigurationFile);
            var target = FindPrevious(journal);
            if (target is not null)
            {
                node.Files.Write(target.ConfigPath, Encoding.UTF8.GetBytes(target.RunscConfiguration));
                node.Store.MakeCurrent(target.ReleaseKey, keepForeignRunsc: true);
            }

            var text = target is null
                ? HandlerEditor.Remove(file, _wanted.Handler)
                : HandlerEditor.Set(file, new(target.Handler, target.ConfigPath));
            if (text != file.Document.Text)
            {
                node.Files.Write(_wanted.Containerd.ConfigurationFile, Encoding.UTF8.GetBytes(text));
            }

            var restarted = await node.Client.GetServedAsync(limit.Token) is { IsReady: true } served
                && target is not null
                && served.Serves(new(target.Handler, target.ConfigPath));
            if (!restarted)
            {
                node.Metrics.Restarted();
                restarted = await node.Containerd.TryRestartAsync(_unstarted.EndAsync, limit.Token);
            }

            node.Journal.Write(journal with { RestartOwed = !restarted });
            var what = target is null ? "the handler was taken out again" : $"gVisor {target.Version} was put back";
            return restarted ? $"{what} and containerd serves" : $"{what} and containerd still does not serve";
        }
        catch (Exception exception)
        {
            return $"it could not be taken back: {exception.Message}";
        }
    }

    private ProvenInstallation? FindPrevious(Journal journal) =>
        journal.Proven is { } proven && proven.Handler == _wanted.Handler && node.Store.Keys.Contains(proven.ReleaseKey) ? proven : null;

    private void Collect(string releaseKey, string configPath, NodeState state)
    {
        // A restart has cost nothing of the list: sandboxes outlive it.
        if (state.Sandboxes is not { } sandboxes || sandboxes.Any(sandbox => sandbox.ConfigPath is null))
        {
            return;
        }

        var paths = sandboxes.Select(sandbox => sandbox.ConfigPath!).Append(configPath).ToHashSet(StringComparer.Ordinal);
        foreach (var (path, text) in state.RunscConfigurations)
        {
            if (!paths.Contains(path) && RunscConfigurationFile.IsOurs(text))
            {
                node.Files.Delete(path);
            }
        }

        var keys = paths
            .Select(path => node.Store.KeyOf(RunscConfigurationFile.FindRunsc(state.RunscConfigurations.GetValueOrDefault(path))))
            .OfType<string>()
            .Append(releaseKey)
            .ToHashSet(StringComparer.Ordinal);
        foreach (var removed in node.Store.Collect(keys))
        {
            LogCollected(removed);
        }
    }

    private Dictionary<string, string> CheckedFilesOf(Release release, Dictionary<string, string> checkedFiles)
    {
        var directory = Path.GetDirectoryName(node.Store.RunscOf(release.Key))! + "/";
        return checkedFiles.Where(pair => pair.Key.StartsWith(directory, StringComparison.Ordinal)).ToDictionary();
    }

    [LoggerMessage(LogLevel.Information, "copying gVisor {Release}: {Count} files")]
    private partial void LogStaging(string release, int count);

    [LoggerMessage(LogLevel.Information, "writing {Path}")]
    private partial void LogWriting(string path);

    [LoggerMessage(LogLevel.Information, "restarting containerd, which does not serve the handler as wanted")]
    private partial void LogRestarting();

    [LoggerMessage(LogLevel.Information, "removed gVisor {Release}, which no sandbox uses any more")]
    private partial void LogCollected(string release);
}
