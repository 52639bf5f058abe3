// SPDX-License-Identifier: Apache-2.0

using System.CommandLine;
using System.CommandLine.Invocation;
using Hosting;

namespace RuntimeGVisor.Controller.CommandLine;

/// <summary>The command line as a whole.</summary>
internal static class RootCommands
{
    /// <summary>Signals are the controller's own business: an orderly stop takes longer than the library would grant.</summary>
    public static InvocationConfiguration Invocation { get; } = new() { ProcessTerminationTimeout = null };

    /// <param name="run">Runs the controller when no sub-command is chosen.</param>
    public static RootCommand Create(Func<ControllerOptions, CancellationToken, Task<int>> run)
    {
        var root = new RootCommand("Brings the gVisor sandbox to the worker pools of Gardener's shoots.");
        root.Options.OfType<VersionOption>().Single().Action = new PrintVersion();
        root.Subcommands.Add(ValidateCommand.Create());
        root.Subcommands.Add(RenderCommand.Create());
        root.Subcommands.Add(DiffCommand.Create());
        root.Subcommands.Add(ExplainCommand.Create());
        root.Subcommands.Add(CompletionCommand.Create());
        new ControllerCommand().AddTo(root, run);
        return root;
    }

    private sealed class PrintVersion : SynchronousCommandLineAction
    {
        public override int Invoke(ParseResult parseResult)
        {
            parseResult.InvocationConfiguration.Output.WriteLine($"gardener-extension-runtime-gvisor {BuildVersion.Text}");
            return 0;
        }
    }
}
