// SPDX-License-Identifier: Apache-2.0

using System.CommandLine;
using RuntimeGVisor.Controller.CommandLine;

namespace RuntimeGVisor.Controller.Tests.CommandLine;

/// <summary>The program's command line without the controller behind it.</summary>
internal sealed record CommandLineRun(int ExitCode, string Output, string Error, ControllerOptions? Options)
{
    public static async Task<CommandLineRun> OfAsync(params string[] arguments)
    {
        ControllerOptions? options = null;
        await using var output = new StringWriter();
        await using var error = new StringWriter();
        var root = RootCommands.Create((given, _) =>
        {
            options = given;
            return Task.FromResult(0);
        });
        var exitCode = await root.Parse(arguments).InvokeAsync(new InvocationConfiguration { Output = output, Error = error });
        return new CommandLineRun(exitCode, output.ToString(), error.ToString(), options);
    }
}
