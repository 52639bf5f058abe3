// SPDX-License-Identifier: Apache-2.0

using System.Globalization;
using System.Text;
using RuntimeGVisor.NodeInstaller.Containerd.Configuration;
using RuntimeGVisor.NodeInstaller.Systemd;

namespace RuntimeGVisor.NodeInstaller.Containerd;

/// <summary>
/// Which containerd the node runs, and what that makes of its configuration. The running process is asked, not the unit's text: a unit may
/// run containerd through a shell, <c>env</c> or a variable. The process is one of the node's, which the installer's container does not see;
/// a copy of this program looks for it there.
/// </summary>
/// <param name="systemd">Knows the unit's main process.</param>
/// <param name="units">Runs programs on the node.</param>
/// <param name="unit">containerd's unit.</param>
/// <param name="program">Path of a copy of this program on the node; makes one if need be.</param>
internal sealed class ContainerdProcess(SystemdClient systemd, TransientUnits units, string unit, Func<string> program)
{
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(10);

    /// <summary>Finds program and configuration file; while containerd is down, as its unit says them.</summary>
    /// <exception cref="SystemdException">systemd cannot be reached; or containerd is down and its unit does not say them plainly.</exception>
    public async Task<ContainerdCommand> FindAsync(CancellationToken cancellationToken)
    {
        var service = await systemd.GetServiceAsync(unit, cancellationToken);
        if (service.MainPid != 0)
        {
            var run = await units.RunAsync(
                [program(), NodeVerbs.ContainerdProcess, service.MainPid.ToString(CultureInfo.InvariantCulture)], Timeout, overlay: null, cancellationToken);
            if (run.Succeeded && run.Output.Split('\0') is [var path, var directory, _, .. var arguments])
            {
                return ContainerdCommand.Of(path, arguments, directory);
            }
        }

        var (named, rest) = (service.Command.Count > 0 ? service.Command[0] : "", service.Command.Skip(1).ToArray());
        return ContainerdCommand.IsContainerd(named) && !rest.Any(argument => argument.Contains('$', StringComparison.Ordinal))
            ? ContainerdCommand.Of(named, rest, "/")
            : throw new SystemdException(
                $"{unit} does not run, and its ExecStart does not say plainly which containerd it runs with which configuration: "
                + string.Join(' ', service.Command));
    }

    /// <summary>Has the node's own containerd read a configuration with all its imports, as it would at its start.</summary>
    /// <param name="configurationFile">
    /// containerd's own configuration file, or a candidate that is read in its place, also where the file is imported.
    /// </param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>The effective configuration.</returns>
    /// <exception cref="ContainerdConfigurationException">containerd does not take it, or prints something that this program does not know.</exception>
    /// <exception cref="SystemdException">As for <see cref="FindAsync"/>.</exception>
    public async Task<ContainerdConfigurationFile> DumpAsync(string configurationFile, CancellationToken cancellationToken)
    {
        var containerd = await FindAsync(cancellationToken);
        var isCandidate = configurationFile != containerd.ConfigurationFile;
        var overlay = isCandidate ? new FileOverlay(configurationFile, containerd.ConfigurationFile) : null;
        var run = await units.RunAsync(
            [containerd.Program, "--config", containerd.ConfigurationFile, "config", "dump"], Timeout, overlay, cancellationToken);
        if (!run.Succeeded)
        {
            throw new ContainerdConfigurationException(
                ContainerdConfigurationProblem.Rejected,
                $"containerd does not take {(isCandidate ? "the edited configuration" : containerd.ConfigurationFile)}: {run.LastError}");
        }

        try
        {
            return ContainerdConfigurationFile.Read(Encoding.UTF8.GetBytes(run.Output));
        }
        catch (ContainerdConfigurationException exception)
        {
            throw new ContainerdConfigurationException(
                exception.Problem, $"what `{containerd.Program} config dump` prints cannot be used, whatever the file says: {exception.Message}");
        }
    }

    /// <summary>
    /// Run on the node: prints path, working directory and command line of containerd's process, each part followed by a NUL. Where the main
    /// process is a wrapper that waits for containerd, it is the process below it.
    /// </summary>
    /// <param name="mainProcess">Number of the unit's main process.</param>
    /// <param name="output">Where it is printed.</param>
    /// <param name="processes">Where the kernel shows the processes.</param>
    public static void Print(int mainProcess, Stream output, string processes = "/proc")
    {
        var found = Descend(mainProcess, processes).FirstOrDefault(process => ContainerdCommand.IsContainerd(LinkOf(process, "exe")))
            ?? Path.Join(processes, $"{mainProcess}");
        output.Write(Encoding.UTF8.GetBytes($"{LinkOf(found, "exe")}\0{LinkOf(found, "cwd")}\0"));
        var command = File.ReadAllBytes(Path.Join(found, "cmdline")).AsSpan();
        output.Write(command.EndsWith("\0"u8) ? command[..^1] : command);
    }

    // A process and those below it, nearest first.
    private static List<string> Descend(int process, string processes)
    {
        var children = Directory.EnumerateDirectories(processes)
            .Where(directory => int.TryParse(Path.GetFileName(directory), out _))
            .ToLookup(ParentOf);
        var found = new List<string> { Path.Join(processes, $"{process}") };
        for (var index = 0; index < found.Count; index++)
        {
            found.AddRange(children[int.Parse(Path.GetFileName(found[index]), CultureInfo.InvariantCulture)]);
        }

        return found;
    }

    // proc_pid_stat(5): number, (name), state, parent; the name may have spaces and parentheses.
    private static int ParentOf(string process)
    {
        try
        {
            var status = File.ReadAllText(Path.Join(process, "stat"));
            return int.Parse(status[(status.LastIndexOf(')') + 1)..].Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture);
        }
        catch (IOException)
        {
            // It has just ended.
            return 0;
        }
    }

    // Of an executable that was replaced while it runs the kernel says so behind its path.
    private static string LinkOf(string process, string name)
    {
        const string Replaced = " (deleted)";
        var target = new FileInfo(Path.Join(process, name)).LinkTarget ?? "";
        return target.EndsWith(Replaced, StringComparison.Ordinal) ? target[..^Replaced.Length] : target;
    }
}
