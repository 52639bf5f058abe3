// SPDX-License-Identifier: Apache-2.0

namespace RuntimeGVisor.NodeConfiguration;

/// <summary>Who puts a flag into runsc's configuration.</summary>
public enum RunscFlagSetter
{
    /// <summary>The owner of the shoot, in <c>configFlags</c> of the providerConfig.</summary>
    Owner,

    /// <summary>The controller, as a consequence of another flag.</summary>
    Controller,

    /// <summary>The node installer, from what it finds on the node.</summary>
    Installer,
}

/// <summary>One row of the table <see cref="RunscFlags"/>.</summary>
public sealed record RunscFlag
{
    /// <summary>The flag's name as runsc spells it.</summary>
    public required string Name { get; init; }

    /// <summary>Who puts it into runsc's configuration.</summary>
    public RunscFlagSetter SetBy { get; init; }

    /// <summary>What the flag does, for the owner of a shoot.</summary>
    public required string Meaning { get; init; }

    /// <summary>What runsc takes without the flag; empty where it finds the value out by itself, or where none is a value of its own.</summary>
    public required string Default { get; init; }

    /// <summary>The worst that it can do. Default: none.</summary>
    public RunscFlagRisk Risk { get; init; }

    /// <summary>
    /// The oldest release that is known to have the flag with these values: 20221219.0 or 20240729.0, whose <c>runsc flags</c> was asked, else
    /// 20260928.0, for which the table was made.
    /// </summary>
    public required string Since { get; init; }

    /// <summary>The flag without which this one does nothing, with the value that it needs; null when there is none.</summary>
    public RunscFlagValue? Requires { get; init; }

    /// <summary>The accepted values in words, as the end of "takes …".</summary>
    public required string Allowed { get; init; }

    /// <summary>Whether a value is accepted.</summary>
    public required Func<string, bool> Accepts { get; init; }

    /// <summary>A value that is no mistake and yet writes no line, because it is what runsc does anyway; null when there is none.</summary>
    public string? WritesNothingFor { get; init; }

    /// <summary>Lines that follow this flag's own line.</summary>
    public IReadOnlyList<RunscFlagValue> FollowedBy { get; init; } = [];
}

/// <summary>A flag with its value: one line of <c>[runsc_config]</c>.</summary>
/// <param name="Name">The flag's name.</param>
/// <param name="Value">The value, always text.</param>
public sealed record RunscFlagValue(string Name, string Value)
{
    /// <summary>The line as TOML. Accepted values need no escapes.</summary>
    public override string ToString() => $"{Name} = \"{Value}\"";
}

/// <summary>A flag that was asked for and is not applied.</summary>
/// <param name="Name">The name as asked for.</param>
/// <param name="Value">The value as asked for.</param>
/// <param name="Reason">Why not, and what is allowed, as a sentence without full stop.</param>
public sealed record IgnoredRunscFlag(string Name, string Value, string Reason);

/// <summary>What became of the flags that were asked for.</summary>
/// <param name="Lines">The lines to write, in fixed order: by name, with the lines that follow a flag directly after it.</param>
/// <param name="Ignored">The flags that are not applied, by name.</param>
public sealed record RunscFlagSelection(IReadOnlyList<RunscFlagValue> Lines, IReadOnlyList<IgnoredRunscFlag> Ignored);
