// SPDX-License-Identifier: Apache-2.0

using System.Text;
using Microsoft.Extensions.Logging;
using RuntimeGVisor.NodeConfiguration;
using RuntimeGVisor.NodeInstaller.Containerd;
using RuntimeGVisor.NodeInstaller.Containerd.Configuration;
using RuntimeGVisor.NodeInstaller.Releases;

namespace RuntimeGVisor.NodeInstaller.Convergence;

/// <summary>
/// Brings a node to the state Uninstalled: takes the handler out of containerd's configuration at once, and the files away when the last
/// sandbox that uses them is gone. containerd is not restarted; it forgets the handler whenever it next is.
/// </summary>
internal sealed partial class Uninstaller(NodeInstallation node, ILogger logger)
{
    private readonly NodeInstallerConfiguration _wanted = node.Wanted;

    /// <summary>One pass; it can be repeated any number of times.</summary>
    /// <exception cref="InstallationException">Something could not be removed.</exception>
    public async Task<PassResult> ConvergeAsync(CancellationToken cancellationToken)
    {
        node.Store.CheckDirectory();
        var changed = RemoveHandler();
        var configurations = NodeState.ReadRunscConfigurations(_wanted.RunscConfigurationFile);
        if (node.Store.IsEmpty && configurations.Count == 0)
        {
            RemoveState();
            return new(null, [], changed, Restarted: false, Proved: false, []);
        }

        var sandboxes = await ListSandboxesAsync(cancellationToken);
        if (sandboxes.Count > 0)
        {
            RemoveUnused(sandboxes, configurations);
            return new(null, [], changed, Restarted: false, Proved: false, [.. sandboxes.Select(sandbox => sandbox.ToString()).Order(StringComparer.Ordinal)]);
        }

        foreach (var path in configurations.Keys)
        {
            node.Files.Delete(path);
        }

        node.Store.RemoveAll();
        RemoveState();
        LogRemoved(_wanted.BinaryDirectory);
        return new(null, [], ChangedFiles: true, Restarted: false, Proved: false, []);
    }

    private bool RemoveHandler()
    {
        ContainerdConfigurationFile file;
        try
        {
            file = NodeState.ReadContainerdConfiguration(_wanted.Containerd.ConfigurationFile);
        }
        catch (ContainerdConfigurationException exception) when (exception.Problem == ContainerdConfigurationProblem.Empty)
        {
            return false;
        }

        // Of an installation that was killed before its candidate came into its place.
        node.Files.Discard(_wanted.Containerd.ConfigurationFile);
        var text = HandlerEditor.Remove(file, _wanted.Handler);
        if (text == file.Document.Text)
        {
            return false;
        }

        node.Files.Write(_wanted.Containerd.ConfigurationFile, Encoding.UTF8.GetBytes(text));
        LogHandlerRemoved(_wanted.Handler, _wanted.Containerd.ConfigurationFile);
        return true;
    }

    private async Task<IReadOnlyList<SandboxUse>> ListSandboxesAsync(CancellationToken cancellationToken)
    {
        // A proof that was cut short is no use of gVisor.
        await new ProofRun(node).RemoveSandboxAsync();
        return await SandboxUse.ListAsync(node.Client, _wanted.Handler, cancellationToken);
    }

    private void RemoveUnused(IReadOnlyList<SandboxUse> sandboxes, IReadOnlyDictionary<string, string> configurations)
    {
        if (sandboxes.Any(sandbox => sandbox.ConfigPath is null))
        {
            return;
        }

        var used = sandboxes.Select(sandbox => sandbox.ConfigPath!).ToHashSet(StringComparer.Ordinal);
        foreach (var path in configurations.Keys.Where(path => !used.Contains(path)))
        {
            node.Files.Delete(path);
        }

        // The shim is found through the current release for as long as any sandbox runs.
        var keys = used
            .Select(path => node.Store.KeyOf(RunscConfigurationFile.FindRunsc(configurations.GetValueOrDefault(path))))
            .Append(node.Store.CurrentKey)
            .OfType<string>()
            .ToHashSet(StringComparer.Ordinal);
        node.Store.Collect(keys);
    }

    private void RemoveState()
    {
        new ProofRun(node).RemoveFiles();
        node.Containerd.RemoveFiles();
        node.Journal.Delete();
    }

    [LoggerMessage(LogLevel.Information, "took the handler {Handler} out of {Path}")]
    private partial void LogHandlerRemoved(string handler, string path);

    [LoggerMessage(LogLevel.Information, "removed gVisor from {Directory}")]
    private partial void LogRemoved(string directory);
}
