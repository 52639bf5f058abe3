// SPDX-License-Identifier: Apache-2.0

using Microsoft.Extensions.Logging;
using RuntimeGVisor.NodeInstaller.Containerd.Configuration;
using RuntimeGVisor.NodeInstaller.Files;

namespace RuntimeGVisor.NodeInstaller.Convergence;

/// <summary>
/// Brings a node to the state Uninstalled: takes the handler out of containerd's configuration at once, and the files away when two looks some
/// time apart have found no sandbox that uses them. containerd is not restarted; it forgets the handler whenever it next is.
/// </summary>
internal sealed partial class Uninstaller(NodeParts node, ILogger logger)
{
    /// <summary>One reconcile; it can be repeated any number of times.</summary>
    /// <exception cref="InstallationException">Something could not be removed.</exception>
    public async Task<ReconcileResult> ReconcileAsync(CancellationToken cancellationToken)
    {
        node.Store.CheckDirectory();
        var journal = node.Journal.Read();
        var changed = await RemoveHandlerAsync(cancellationToken);
        var old = node.Observer.FindOldConfigurations(journal);
        var use = node.Observer.ReadUse(await FindConfigurationAsync(cancellationToken));
        string[] kept = [.. use.OtherConfigurations.Select(node.Store.KeyOf).OfType<string>()];
        if (node.Store.IsEmpty(kept) && !old.Except(use.OtherConfigurations, StringComparer.Ordinal).Any())
        {
            RemoveState();
            return new() { Version = null, ChangedFiles = changed };
        }

        // Of a verification that was cut short.
        await node.Verification.RemoveLeftoversAsync(cancellationToken);
        var now = node.Time.GetUtcNow();
        if (use.SandboxesOf(node.Store) is { Count: > 0 } sandboxes)
        {
            RemoveUnused(journal with { EmptySince = null }, use, old);
            return new() { Version = null, ChangedFiles = changed, Remaining = sandboxes };
        }

        var emptySince = journal.EmptySince is { } first && first <= now ? first : now;
        var due = emptySince + TimeSpan.FromSeconds(node.Desired.RemovalDelaySeconds);
        if (now < due)
        {
            NodeFiles.CreateDirectory(node.Layout.StateDirectory);
            node.Journal.Write(journal with { EmptySince = emptySince });
            return new() { Version = null, ChangedFiles = changed, LooksAgain = due };
        }

        foreach (var path in old.Except(use.OtherConfigurations, StringComparer.Ordinal))
        {
            NodeFiles.Delete(path);
        }

        node.Store.RemoveAll(except: kept);
        RemoveState();
        LogRemoved(node.Desired.BinaryDirectory);
        return new() { Version = null, ChangedFiles = true };
    }

    /// <summary>What the handler's removal changes in containerd's configuration; null when there is no such file.</summary>
    public async Task<FileChange?> FindChangeAsync(CancellationToken cancellationToken) => await FindConfigurationAsync(cancellationToken) is { } file
        ? new(node.Layout.ConfigurationFile, file.Document.Text, HandlerEditor.Remove(file, node.Desired.Handler))
        : null;

    private async Task<bool> RemoveHandlerAsync(CancellationToken cancellationToken)
    {
        if (await FindChangeAsync(cancellationToken) is not { IsNeeded: true } change)
        {
            return false;
        }

        await node.Configuration.EditAsync(file => HandlerEditor.Remove(file, node.Desired.Handler), check: null, cancellationToken);
        LogHandlerRemoved(node.Desired.Handler, change.Path);
        return true;
    }

    private async Task<ContainerdConfigurationFile?> FindConfigurationAsync(CancellationToken cancellationToken)
    {
        try
        {
            return await node.Configuration.ReadAsync(cancellationToken);
        }
        catch (ContainerdConfigurationException exception) when (exception.Problem == ContainerdConfigurationProblem.Empty)
        {
            return null;
        }
    }

    private void RemoveUnused(Journal journal, FileUse use, IReadOnlyList<string> old)
    {
        var now = node.Time.GetUtcNow();
        var unused = UnusedFiles.Track(journal.UnusedSince, UnusedFiles.Find(node.Store, old, use, needed: []), now);
        foreach (var path in use.HasUnknown ? [] : UnusedFiles.Due(unused, now))
        {
            NodeFiles.Remove(path);
        }

        NodeFiles.CreateDirectory(node.Layout.StateDirectory);
        node.Journal.Write(journal with { UnusedSince = unused });
    }

    private void RemoveState()
    {
        // Also what processes that were killed left there.
        foreach (var path in Directory.Exists(node.Layout.StateDirectory) ? Directory.GetFileSystemEntries(node.Layout.StateDirectory) : [])
        {
            NodeFiles.Remove(path);
        }
    }

    [LoggerMessage(LogLevel.Information, "took the handler {Handler} out of {Path}")]
    private partial void LogHandlerRemoved(string handler, string path);

    [LoggerMessage(LogLevel.Information, "removed gVisor from {Directory}")]
    private partial void LogRemoved(string directory);
}
