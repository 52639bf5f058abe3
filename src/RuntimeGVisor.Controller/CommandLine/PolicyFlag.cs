// SPDX-License-Identifier: Apache-2.0

using System.CommandLine;
using RuntimeGVisor.Validation;

namespace RuntimeGVisor.Controller.CommandLine;

/// <summary>The flag that names the operator's policy; every command that judges or renders a configuration has it.</summary>
internal sealed class PolicyFlag
{
    public Option<string?> Option { get; } = Flags.Text(
        "--flag-policy", "File with the operator's policy: which runsc flags owners of shoots may set. Default: the built-in policy.");

    public string? Read(ParseResult result) => result.GetValue(Option);

    /// <summary>Reads the policy. Without a file, a repository for test images is the operator's leave to choose one of them.</summary>
    /// <exception cref="CommandLineException">The file cannot be read or is wrong.</exception>
    public static FlagPolicy Load(string? path, string? testRepository = null)
    {
        if (path is null)
        {
            return FlagPolicy.Default with { TestImageTag = testRepository is null ? FlagRule.Deny : FlagRule.Allow };
        }

        try
        {
            return FlagPolicy.Read(File.ReadAllText(path));
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or FlagPolicyException)
        {
            throw new CommandLineException($"{path}: {exception.Message}", exception);
        }
    }
}
