// SPDX-License-Identifier: Apache-2.0

using System.CommandLine;

namespace RuntimeGVisor.Controller.CommandLine;

/// <summary><c>completion</c>: a script that has a shell ask this program, by the directive <c>[suggest]</c>, what may come next.</summary>
internal static class CompletionCommand
{
    private const string Bash = """
        _gardener_extension_runtime_gvisor() {
          local IFS=$'\n'
          COMPREPLY=($(compgen -W "$("$1" "[suggest:$COMP_POINT]" "$COMP_LINE" 2>/dev/null)" -- "$2"))
        }
        complete -o default -F _gardener_extension_runtime_gvisor gardener-extension-runtime-gvisor
        """;

    private const string Zsh = """
        #compdef gardener-extension-runtime-gvisor
        _gardener_extension_runtime_gvisor() {
          local -a suggestions=("${(@f)$("$words[1]" "[suggest:$CURSOR]" "$BUFFER" 2>/dev/null)}")
          compadd -a suggestions || _files
        }
        compdef _gardener_extension_runtime_gvisor gardener-extension-runtime-gvisor
        """;

    private const string Fish = """
        complete -c gardener-extension-runtime-gvisor -a '(gardener-extension-runtime-gvisor "[suggest:"(commandline -C)"]" (commandline) 2>/dev/null)'
        """;

    public static Command Create()
    {
        var shell = new Argument<string>("shell") { Description = "The shell." };
        shell.AcceptOnlyFromAmong("bash", "zsh", "fish");
        var command = new Command("completion", "Print a script for a shell's completion; its start-up file runs it.") { shell };
        command.SetAction(result => result.InvocationConfiguration.Output.WriteLine(result.GetValue(shell) switch
        {
            "bash" => Bash,
            "zsh" => Zsh,
            _ => Fish,
        }));
        return command;
    }
}
