// SPDX-License-Identifier: Apache-2.0

namespace RuntimeGVisor.NodeInstaller.CommandLine;

/// <summary>What the program is asked to do.</summary>
internal enum Verb
{
    Install,
    Uninstall,
    Plan,
    Status,
    Verify,
    Version,
    Help,
}

/// <summary>The command line.</summary>
internal sealed record Arguments
{
    public const string Usage =
        """
        usage: gvisor-node-installer VERB [OPTION...]

        verbs
          install      bring the node to the desired state of the configuration file, prove it, keep it; runs until SIGTERM
          uninstall    the same with the desired state Uninstalled
          plan         print what install would change, as a diff; changes nothing
          status       print what is installed and what the last installer reported; changes nothing
          verify       check the whole installation, with a sandbox started for proof; changes no file
          version      print this program's version

        options
          --config FILE        the configuration file (/etc/gvisor-node-installer/node-installer.json)
          --release DIRECTORY  the gVisor release to install: its files, VERSION and SHA512SUMS (/gvisor)
          --output text|json   form of the output (text)
          --once               install, uninstall: end when the state is reached or cannot be reached; serves no endpoints

        exit codes
          0 as wanted   1 failed   2 wrong command line   3 wrong configuration file   4 plan, status, verify: differs from what is wanted

        """;

    private static readonly Dictionary<string, Verb> Verbs = new(StringComparer.Ordinal)
    {
        ["install"] = Verb.Install,
        ["uninstall"] = Verb.Uninstall,
        ["plan"] = Verb.Plan,
        ["status"] = Verb.Status,
        ["verify"] = Verb.Verify,
        ["version"] = Verb.Version,
        ["--version"] = Verb.Version,
        ["help"] = Verb.Help,
        ["--help"] = Verb.Help,
        ["-h"] = Verb.Help,
    };

    public required Verb Verb { get; init; }

    public string ConfigurationFile { get; init; } = "/etc/gvisor-node-installer/node-installer.json";

    public string ReleaseDirectory { get; init; } = "/gvisor";

    public bool Json { get; init; }

    public bool Once { get; init; }

    /// <summary>Reads the command line.</summary>
    /// <exception cref="UsageException">It is wrong; the message says what is allowed.</exception>
    public static Arguments Parse(IReadOnlyList<string> arguments)
    {
        if (arguments.Count == 0)
        {
            throw new UsageException("a verb is missing");
        }

        if (!Verbs.TryGetValue(arguments[0], out var verb))
        {
            throw new UsageException($"there is no verb \"{arguments[0]}\"");
        }

        var parsed = new Arguments { Verb = verb };
        var rest = new Queue<string>(arguments.Skip(1));
        while (rest.TryDequeue(out var argument))
        {
            var (option, inline) = argument.Split('=', 2) is [var name, var value] ? (name, value) : (argument, null);
            parsed = option switch
            {
                "--config" => parsed with { ConfigurationFile = Value() },
                "--release" => parsed with { ReleaseDirectory = Value() },
                "--output" => parsed with { Json = IsJson(Value()) },
                "--once" when inline is null && verb is (Verb.Install or Verb.Uninstall) => parsed with { Once = true },
                "--help" or "-h" => parsed with { Verb = Verb.Help },
                _ => throw new UsageException($"{arguments[0]} has no option \"{argument}\""),
            };

            string Value()
            {
                var given = inline ?? (rest.TryDequeue(out var next) ? next : "");
                return given.Length > 0 ? given : throw new UsageException($"{option} needs a value");
            }
        }

        return parsed;
    }

    private static bool IsJson(string output) => output switch
    {
        "text" => false,
        "json" => true,
        _ => throw new UsageException($"--output is \"{output}\"; it must be text or json"),
    };
}

/// <summary>The command line is wrong.</summary>
internal sealed class UsageException(string message) : Exception(message);
