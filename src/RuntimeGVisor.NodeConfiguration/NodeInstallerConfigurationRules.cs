// SPDX-License-Identifier: Apache-2.0

using System.Text.RegularExpressions;

namespace RuntimeGVisor.NodeConfiguration;

/// <summary>
/// What the values of a <see cref="NodeInstallerConfiguration"/> may be. They end up in paths, TOML and systemd calls on a node as root,
/// so each rule lists what is allowed instead of what is dangerous.
/// </summary>
public static partial class NodeInstallerConfigurationRules
{
    private const string LabelRule = "1 to 63 lower-case letters, digits and '-', with a letter or digit at both ends";
    private const string PathRule =
        "an absolute path of at most 255 characters without '.', '..' or empty parts, of letters, digits and the characters '/', '.', '_', '-'";
    private const int MaxPathLength = 255;
    private const int MaxFlags = 64;

    /// <summary>Checks every value.</summary>
    /// <param name="configuration">The configuration.</param>
    /// <returns>All errors; empty when the configuration is good.</returns>
    public static IReadOnlyList<ConfigurationError> Check(NodeInstallerConfiguration configuration)
    {
        var errors = new List<ConfigurationError>();
        CheckLabel(errors, "workerPool", configuration.WorkerPool);
        CheckLabel(errors, "handler", configuration.Handler);
        if (configuration.Handler is "runc")
        {
            errors.Add(new("handler", configuration.Handler, "a name other than containerd's own default handler"));
        }

        CheckPath(errors, "binaryDirectory", configuration.BinaryDirectory);
        CheckRange(errors, "httpPort", configuration.HttpPort, 1, 65535);
        CheckRange(errors, "maxRestartsPerHour", configuration.MaxRestartsPerHour, 1, 60);
        CheckRange(errors, "maxRestartDelaySeconds", configuration.MaxRestartDelaySeconds, 0, 600);
        CheckRange(errors, "removalDelaySeconds", configuration.RemovalDelaySeconds, 0, 600);
        CheckFlags(errors, configuration.RunscFlags);
        return errors;
    }

    private static void CheckFlags(List<ConfigurationError> errors, IReadOnlyList<RunscFlagValue> flags)
    {
        if (flags.Count > MaxFlags)
        {
            errors.Add(new("runscFlags", $"{flags.Count} flags", $"at most {MaxFlags} flags") { IsQuoted = false });
            return;
        }

        var seen = new HashSet<string>(StringComparer.Ordinal);
        for (var index = 0; index < flags.Count; index++)
        {
            var (name, value) = flags[index];
            if (!seen.Add(name))
            {
                errors.Add(new($"runscFlags[{index}].name", name, "each flag once"));
            }
            else if (RunscFlags.Find(name) is not { SetBy: not RunscFlagSetter.Installer } flag)
            {
                errors.Add(new($"runscFlags[{index}].name", name, RunscFlags.WhyNotSettable(name)));
            }
            else if (!flag.Accepts(value))
            {
                errors.Add(new($"runscFlags[{index}].value", value, $"{name} takes {flag.Allowed}"));
            }
        }
    }

    private static void CheckLabel(List<ConfigurationError> errors, string field, string value)
    {
        if (!Label().IsMatch(value))
        {
            errors.Add(new(field, value, LabelRule));
        }
    }

    private static void CheckPath(List<ConfigurationError> errors, string field, string value)
    {
        if (value.Length > MaxPathLength || !AbsolutePath().IsMatch(value) || value.Split('/').Any(part => part is "." or ".."))
        {
            errors.Add(new(field, value, PathRule));
        }
    }

    private static void CheckRange(List<ConfigurationError> errors, string field, int value, int lowest, int highest)
    {
        if (value < lowest || value > highest)
        {
            errors.Add(new(field, value.ToString(), $"a number from {lowest} to {highest}") { IsQuoted = false });
        }
    }

    [GeneratedRegex(@"\A[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\z", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Label();

    [GeneratedRegex(@"\A(?:/[A-Za-z0-9._-]+)+\z", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex AbsolutePath();
}
