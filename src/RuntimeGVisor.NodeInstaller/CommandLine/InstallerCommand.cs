// SPDX-License-Identifier: Apache-2.0

using System.CommandLine;
using System.CommandLine.Invocation;
using Hosting;
using RuntimeGVisor.NodeConfiguration;
using RuntimeGVisor.NodeInstaller.Containerd;
using RuntimeGVisor.NodeInstaller.Convergence;
using RuntimeGVisor.NodeInstaller.Endpoints;

namespace RuntimeGVisor.NodeInstaller.CommandLine;

/// <summary>The command line as a whole.</summary>
internal static class InstallerCommand
{
    private static readonly Option<string> ConfigurationFile = new("--config")
    {
        Description = "The configuration file.",
        DefaultValueFactory = _ => $"/etc/gvisor-node-installer/{NodeInstallerConfiguration.FileName}",
    };

    private static readonly Option<string> ReleaseDirectory = new("--release")
    {
        Description = "The gVisor release to install: its files, VERSION and SHA512SUMS.",
        DefaultValueFactory = _ => "/gvisor",
    };

    private static readonly Option<string> Output = new Option<string>("--output")
    {
        Description = "Form of the output.",
        DefaultValueFactory = _ => "text",
    }.AcceptOnlyFromAmong("text", "json");

    private static readonly Option<bool> Once = new("--once")
    {
        Description = "End when the state is reached or cannot be reached; serve no endpoints.",
    };

    /// <summary>Runs the program.</summary>
    /// <returns>One of <see cref="ExitCode"/>.</returns>
    public static async Task<int> RunAsync(string[] commandLine, TextWriter output, TextWriter errors)
    {
        try
        {
            // How the program calls itself, in a sandbox or on the node.
            if (await NodeVerbs.TryRunAsync(commandLine, output, TimeProvider.System))
            {
                return (int)ExitCode.Success;
            }

            // Signals are the installer's own business: an orderly stop takes longer than the library would grant.
            var invocation = new InvocationConfiguration
            {
                ProcessTerminationTimeout = null,
                EnableDefaultExceptionHandler = false,
                Output = output,
                Error = errors,
            };
            var parsed = Create().Parse(commandLine);
            var code = await parsed.InvokeAsync(invocation);
            return parsed.Errors.Count > 0 ? (int)ExitCode.Usage : code;
        }
        catch (NodeInstallerConfigurationException exception)
        {
            await errors.WriteLineAsync(exception.Message);
            return (int)ExitCode.InvalidConfiguration;
        }
        catch (Exception exception)
        {
            var failure = InstallationException.From(exception);
            await errors.WriteLineAsync($"{failure.Reason}: {failure.Message}");
            return (int)ExitCode.Failure;
        }
    }

    private static RootCommand Create()
    {
        var root = new RootCommand(
            """
            Puts gVisor on a node, verifies that it works, keeps it so and takes it away again.
            Exit codes: 0 as desired, 1 failed, 2 wrong command line, 3 wrong configuration file, 4 plan, status, verify: differs.
            """)
        {
            OnNode("install", "Bring the node to the desired state, verify it, keep it; runs until SIGTERM.", InstallVerb.RunAsync, Once),
            OnNode("uninstall", "The same with the desired state Uninstalled.", InstallVerb.RunAsync, Once),
            OnNode("plan", "Print what install would do, step by step and as a diff; changes nothing.", PlanVerb.RunAsync),
            OnNode("status", "Print what is installed and what the last installer reported; changes nothing.", CheckVerbs.StatusAsync),
            OnNode("verify", "Check the whole installation, with a sandbox; changes no file.", CheckVerbs.VerifyAsync),
        };
        root.Options.OfType<VersionOption>().Single().Action = new PrintVersion();
        var live = new Command("live") { ConfigurationFile };
        live.Hidden = true;
        live.SetAction(async (parsed, cancellationToken) =>
        {
            var port = ReadConfiguration(parsed.GetValue(ConfigurationFile)!).HttpPort;
            return (int)(await LivenessSocket.AskAsync(port, TimeProvider.System, cancellationToken) ? ExitCode.Success : ExitCode.Failure);
        });
        root.Subcommands.Add(live);
        return root;
    }

    private static Command OnNode(
        string name, string description, Func<NodeParts, VerbOptions, TextWriter, CancellationToken, Task<ExitCode>> run, params IEnumerable<Option> more)
    {
        var command = new Command(name, description) { ConfigurationFile, ReleaseDirectory, Output };
        foreach (var option in more)
        {
            command.Options.Add(option);
        }

        command.SetAction(async (parsed, _) =>
        {
            var desired = ReadConfiguration(parsed.GetValue(ConfigurationFile)!);
            desired = name == "uninstall" ? desired with { DesiredState = DesiredState.Uninstalled } : desired;
            var options = new VerbOptions(parsed.GetValue(Output) == "json", parsed.GetValue(Once));
            using var shutdown = new ShutdownSignal();
            using var node = new NodeParts(desired, new(), parsed.GetValue(ReleaseDirectory)!, TimeProvider.System);
            try
            {
                return (int)await run(node, options, parsed.InvocationConfiguration.Output, shutdown.Token);
            }
            catch (Exception exception) when (InstallationException.IsCancellation(exception, shutdown.Token))
            {
                // SIGTERM ends the installer and leaves the installation: a pod is replaced, a node is drained, and pods go on.
                return (int)ExitCode.Success;
            }
        });
        return command;
    }

    private static NodeInstallerConfiguration ReadConfiguration(string path)
    {
        try
        {
            return NodeInstallerConfigurationFile.Read(File.ReadAllBytes(path));
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new NodeInstallerConfigurationException([new("", null, exception.Message)]);
        }
    }

    private sealed class PrintVersion : SynchronousCommandLineAction
    {
        public override int Invoke(ParseResult parseResult)
        {
            parseResult.InvocationConfiguration.Output.WriteLine($"gvisor-node-installer {BuildVersion.Text}");
            return (int)ExitCode.Success;
        }
    }
}
