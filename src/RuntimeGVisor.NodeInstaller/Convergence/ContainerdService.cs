// SPDX-License-Identifier: Apache-2.0

using System.Text;
using RuntimeGVisor.NodeConfiguration;
using RuntimeGVisor.NodeInstaller.Containerd;
using RuntimeGVisor.NodeInstaller.Containerd.Configuration;
using RuntimeGVisor.NodeInstaller.Files;
using RuntimeGVisor.NodeInstaller.Systemd;

namespace RuntimeGVisor.NodeInstaller.Convergence;

/// <summary>containerd as a service of the node: asks it whether it takes a configuration, restarts it, waits until it serves again.</summary>
internal sealed class ContainerdService(
    NodeInstallerConfiguration wanted, SystemdClient systemd, ContainerRuntimeClient client, NodeFiles files, TimeProvider time)
{
    private const string OutputFile = "run.output";
    private const string ErrorsFile = "run.errors";

    // gardener-node-agent restarts containerd itself when the CRI does not answer for 60 s: a failed restart and the one that takes it
    // back must both fit.
    private static readonly TimeSpan UsualRestart = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan ServeTimeout = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan CheckTimeout = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan PollInterval = TimeSpan.FromMilliseconds(5);

    /// <summary>Which run of containerd this is.</summary>
    public async Task<string> GetInvocationAsync(CancellationToken cancellationToken) =>
        (await systemd.GetServiceAsync(wanted.Containerd.Unit, cancellationToken)).InvocationId;

    /// <summary>Has the node's own containerd load a candidate, with its imports, and looks whether the handler is in what comes out.</summary>
    /// <exception cref="InstallationException">containerd does not take it, or something hides the handler.</exception>
    public async Task CheckCandidateAsync(string candidate, HandlerEntry entry, CancellationToken cancellationToken)
    {
        var service = await systemd.GetServiceAsync(wanted.Containerd.Unit, cancellationToken);
        var program = service.Command is [var path, ..]
            ? path
            : throw new InstallationException(FailureReason.SystemdUnavailable, $"{wanted.Containerd.Unit} has no ExecStart");
        if (ConfigurationFileOf(service.Command) is var used && used != wanted.Containerd.ConfigurationFile)
        {
            throw new InstallationException(
                FailureReason.ContainerdConfigurationRejected,
                $"{wanted.Containerd.Unit} runs containerd with the configuration {used}, not {wanted.Containerd.ConfigurationFile}");
        }

        var dump = await RunOnNodeAsync([program, "--config", candidate, "config", "dump"], CheckTimeout, cancellationToken);
        if (!dump.Succeeded)
        {
            throw new InstallationException(
                FailureReason.ContainerdConfigurationRejected, $"containerd does not take the edited configuration: {LastLine(dump.Errors)}");
        }

        CheckEffective(Encoding.UTF8.GetBytes(dump.Output), entry);
    }

    /// <summary>Runs a program of the node among the node's own processes, once and to its end.</summary>
    /// <exception cref="SystemdException">systemd cannot be reached or refuses.</exception>
    public async Task<NodeRun> RunOnNodeAsync(IReadOnlyList<string> command, TimeSpan timeout, CancellationToken cancellationToken)
    {
        var output = Path.Join(wanted.StateDirectory, OutputFile);
        var errors = Path.Join(wanted.StateDirectory, ErrorsFile);
        RemoveFiles();
        try
        {
            var succeeded = await systemd.RunAsync(command, output, errors, timeout, overlay: null, cancellationToken);
            return new(succeeded, await ReadAsync(output), await ReadAsync(errors));
        }
        finally
        {
            RemoveFiles();
        }

        // A program that systemd could not start has printed nothing.
        async Task<string> ReadAsync(string path) => File.Exists(path) ? await File.ReadAllTextAsync(path, cancellationToken) : "";
    }

    /// <summary>Removes what a run that was cut short left.</summary>
    public void RemoveFiles()
    {
        files.Delete(Path.Join(wanted.StateDirectory, OutputFile));
        files.Delete(Path.Join(wanted.StateDirectory, ErrorsFile));
    }

    /// <summary>Restarts containerd and waits until it serves the entry.</summary>
    /// <param name="entry">What it shall serve.</param>
    /// <param name="whenStuck">Called when it takes longer to come up than it should.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="InstallationException">It does not come up, or does not serve the entry.</exception>
    public async Task RestartAsync(HandlerEntry entry, Func<CancellationToken, Task> whenStuck, CancellationToken cancellationToken)
    {
        var result = await RestartUnitAsync(whenStuck, cancellationToken);
        // Where another job replaced ours, the containerd that answers may still be the one from before.
        var served = await WaitUntilAsync(
            served => served.IsReady && (result == "done" || served.Serves(entry)), result == "failed" ? TimeSpan.Zero : ServeTimeout, cancellationToken);
        if (!served.IsReady)
        {
            throw new InstallationException(
                FailureReason.ContainerdRestartFailed, $"containerd does not serve after its restart (job {result}): {served.Reason}");
        }

        if (!served.Serves(entry))
        {
            throw new InstallationException(
                FailureReason.HandlerNotServed, $"containerd is up and does not serve the handler {entry.Handler}{MaskHint()}");
        }
    }

    /// <summary>Restarts containerd and waits until it serves at all.</summary>
    /// <param name="whenStuck">Called when it takes longer to come up than it should.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>Whether it does.</returns>
    public async Task<bool> TryRestartAsync(Func<CancellationToken, Task> whenStuck, CancellationToken cancellationToken)
    {
        await RestartUnitAsync(whenStuck, cancellationToken);
        return (await WaitUntilAsync(served => served.IsReady, ServeTimeout, cancellationToken)).IsReady;
    }

    private async Task<string> RestartUnitAsync(Func<CancellationToken, Task> whenStuck, CancellationToken cancellationToken)
    {
        var result = await systemd.RestartAsync(wanted.Containerd.Unit, UsualRestart, cancellationToken);
        if (result == SystemdClient.Unfinished)
        {
            await whenStuck(cancellationToken);
        }

        return result;
    }

    private async Task<ServedRuntime> WaitUntilAsync(Func<ServedRuntime, bool> condition, TimeSpan timeout, CancellationToken cancellationToken)
    {
        var started = time.GetTimestamp();
        while (true)
        {
            var served = await client.GetServedAsync(cancellationToken);
            if (condition(served) || time.GetElapsedTime(started) >= timeout)
            {
                return served;
            }

            await Task.Delay(PollInterval, time, cancellationToken);
        }
    }

    /// <summary>The configuration that containerd reads when it is run with this command.</summary>
    internal static string ConfigurationFileOf(IReadOnlyList<string> command)
    {
        const string Option = "--config";
        for (var index = 1; index < command.Count; index++)
        {
            if (command[index].StartsWith(Option + "=", StringComparison.Ordinal))
            {
                return command[index][(Option.Length + 1)..];
            }

            if (command[index] is Option or "-c" && index + 1 < command.Count)
            {
                return command[index + 1];
            }
        }

        return "/etc/containerd/config.toml";
    }

    private void CheckEffective(byte[] dump, HandlerEntry entry)
    {
        var effective = ContainerdConfigurationFile.Read(dump);
        if (effective.FindRuntime(entry.Handler) is not { } table || !entry.IsServedBy(table))
        {
            throw new InstallationException(
                FailureReason.ContainerdConfigurationMasked,
                $"the handler {entry.Handler} is in {wanted.Containerd.ConfigurationFile} and does not reach containerd{MaskHint()}");
        }

        if (effective.NeedsRuncBesideHandler)
        {
            throw new InstallationException(
                FailureReason.ContainerdConfigurationMasked, $"containerd would lose its default runtime runc{MaskHint()}");
        }
    }

    private string MaskHint()
    {
        var file = NodeState.ReadContainerdConfiguration(wanted.Containerd.ConfigurationFile);
        var masks = ImportedFiles.FindMasks(file, wanted.Containerd.ConfigurationFile);
        return masks.Count == 0
            ? ""
            : $": {string.Join(" and ", masks)}, imported there, replaces the whole CRI section in containerd 1.x; add the handler to it or remove its CRI section";
    }

    private static string LastLine(string text) =>
        text.Split('\n').LastOrDefault(line => line.Length > 0) ?? "it gave no reason";
}
