// SPDX-License-Identifier: Apache-2.0

using System.Text.RegularExpressions;

namespace ConfigurationPage;

/// <summary>One flag of the controller.</summary>
/// <param name="Name">With its dashes.</param>
/// <param name="Description">What <c>--help</c> says, without the default.</param>
/// <param name="Default">The default; null if there is none.</param>
internal sealed partial record ProgramFlag(string Name, string Description, string? Default)
{
    /// <summary>The flags that a program's help lists, in its order; not those that every program has.</summary>
    /// <exception cref="FormatException">There are none.</exception>
    public static IReadOnlyList<ProgramFlag> Read(string help)
    {
        var flags = Line().Matches(help)
            .Select(match => new ProgramFlag(
                match.Groups["name"].Value, match.Groups["description"].Value, match.Groups["default"] is { Success: true } value ? value.Value : null))
            .ToList();
        return flags.Count > 0 ? flags : throw new FormatException("The help on standard input lists no flags.");
    }

    [GeneratedRegex(@"^  (?<name>--[a-z-]+) <[a-z-]+> +(?<description>\S.*?)( \[default: (?<default>.*)\])?\r?$", RegexOptions.Multiline | RegexOptions.ExplicitCapture | RegexOptions.CultureInvariant, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Line();
}
