// SPDX-License-Identifier: Apache-2.0

namespace Testing;

/// <summary>A program that ran to its end.</summary>
public sealed record CommandResult(string CommandLine, int ExitCode, string Output, string Error)
{
    /// <summary>Everything that helps to understand a failure.</summary>
    public override string ToString() => $"{CommandLine}: exit code {ExitCode}\n{Output}\n{Error}";

    public CommandResult EnsureSuccess() => ExitCode == 0 ? this : throw new InvalidOperationException(ToString());
}
