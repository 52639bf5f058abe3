// SPDX-License-Identifier: Apache-2.0

using System.Text.RegularExpressions;

namespace RuntimeGVisor.NodeConfiguration;

/// <summary>
/// The one table of runsc's flags: which exist for an owner of a shoot, which values they take, what they write. The controller uses it
/// leniently (<see cref="Select"/>), the node installer strictly (<see cref="WhyNotSettable"/>, <see cref="RunscFlag.Accepts"/>).
/// </summary>
public static partial class RunscFlags
{
    /// <summary>Directory on the node for debug logs.</summary>
    public const string DebugLogDirectory = "/var/log/runsc";

    private static readonly RunscFlagValue DebugLog = new("debug-log", $"{DebugLogDirectory}/%ID%/gvisor-%COMMAND%.log");

    private static readonly Dictionary<string, RunscFlag> Table = new RunscFlag[]
    {
        // Gardener contract 5.4: exactly what the extension has always accepted.
        OneOf("net-raw", "true", "false"),
        OneOf("debug", "true") with { WritesNothingFor = "false", FollowedBy = [DebugLog] },
        OneOf(DebugLog.Name, DebugLog.Value) with { SetBy = RunscFlagSetter.Controller },
        OneOf("nvproxy", "true") with { WritesNothingFor = "false" },
        Matching("panic-signal", "a whole decimal number of at most 64 bits", IsInt64),

        // Set from what containerd's default runtime uses; two cgroup drivers on one node would fight.
        OneOf("systemd-cgroup", "true", "false") with { SetBy = RunscFlagSetter.Installer },

        OneOf("platform", "systrap", "kvm"),
        Switch("systrap-disable-fast-path"),
        Switch("systrap-disable-syscall-patching"),
        Switch("kvm-use-cpu-nums"),
        Switch("cpu-num-from-quota"),
        Switch("app-huge-pages"),
        OneOf("oci-seccomp", "true") with { WritesNothingFor = "false" },
        OneOf("host-settings", "check"),
        OneOf("watchdog-action", "log", "panic"),

        // all:… would lose writes to volumes, …:dir= names a path of the host.
        OneOf("overlay2", "none", "root:self", "root:memory"),
        OneOf("file-access", "exclusive"),
        Number("dcache", 1024, 1048576, "-1"),
        Number("fdlimit", 1024, 1048576, "-1"),

        OneOf("debug-log-format", "text", "json", "json-k8s"),
        Matching(
            "debug-command", "runsc's commands separated by commas, with '!' in front for all others", CommandList().IsMatch),
        Switch("strace"),
        Matching("strace-syscalls", "names of system calls separated by commas", SystemCallList().IsMatch),
        Number("strace-log-size", 0, 65536),

        Switch("gso"),
        Switch("software-gso"),
        Switch("gvisor-gro"),
        Switch("tx-checksum-offload"),
        Switch("rx-checksum-offload"),

        Matching(
            "nvproxy-driver-version", "latest or a driver version such as 535.104.05", DriverVersion().IsMatch),
        Matching(
            "nvproxy-allowed-driver-capabilities",
            "all, or some of compute, graphics, utility and video separated by commas",
            DriverCapabilities().IsMatch),
    }.ToDictionary(flag => flag.Name, StringComparer.Ordinal);

    /// <summary>Every flag of the table, by name.</summary>
    public static IReadOnlyList<RunscFlag> All { get; } = [.. Table.Values.OrderBy(flag => flag.Name, StringComparer.Ordinal)];

    /// <summary>Finds a flag.</summary>
    /// <param name="name">The name as runsc spells it.</param>
    /// <returns>The flag, or null when the table has none of that name.</returns>
    public static RunscFlag? Find(string name) => Table.GetValueOrDefault(name);

    /// <summary>Says why a flag cannot be set, with the nearest name that can.</summary>
    /// <param name="name">A name that is not in the table, or is not set by whoever asks.</param>
    public static string WhyNotSettable(string name)
    {
        switch (Find(name)?.SetBy)
        {
            case RunscFlagSetter.Installer:
                return $"{name} is set by the node installer from what the node uses";
            case RunscFlagSetter.Controller:
                return $"{name} is set by the extension together with another flag";
            default:
                var settable = All.Where(flag => flag.SetBy == RunscFlagSetter.Owner).Select(flag => flag.Name).ToArray();
                return NearestName.Of(name, settable) is { } nearest
                    ? $"there is no such flag to set; did you mean {nearest}?"
                    : $"there is no such flag to set; the flags are {string.Join(", ", settable)}";
        }
    }

    /// <summary>
    /// Takes what is accepted of the flags that an owner asked for and says of the rest why not. Gardener contract 5.4: unknown
    /// flags and values are never an error of the controller.
    /// </summary>
    /// <param name="requested">The flags by name, as <c>configFlags</c> has them.</param>
    public static RunscFlagSelection Select(IEnumerable<KeyValuePair<string, string>> requested)
    {
        var lines = new List<RunscFlagValue>();
        var ignored = new List<IgnoredRunscFlag>();
        foreach (var (name, value) in requested.OrderBy(pair => pair.Key, StringComparer.Ordinal))
        {
            if (Find(name) is not { SetBy: RunscFlagSetter.Owner } flag)
            {
                ignored.Add(new(name, value, WhyNotSettable(name)));
            }
            else if (flag.Accepts(value))
            {
                lines.Add(new(name, value));
                lines.AddRange(flag.FollowedBy);
            }
            else if (value != flag.WritesNothingFor)
            {
                ignored.Add(new(name, value, $"{name} takes {flag.Allowed}"));
            }
        }

        return new(lines, ignored);
    }

    private static RunscFlag OneOf(string name, params string[] values) =>
        Matching(name, string.Join(" or ", values.Select(value => $"\"{value}\"")), values.Contains);

    private static RunscFlag Switch(string name) => OneOf(name, "true", "false");

    private static RunscFlag Number(string name, int lowest, int highest, string? special = null) =>
        Matching(
            name,
            special is null ? $"a number from {lowest} to {highest}" : $"{special} or a number from {lowest} to {highest}",
            value => value == special || (PlainNumber().IsMatch(value) && int.Parse(value) is var number && number >= lowest && number <= highest));

    private static RunscFlag Matching(string name, string allowed, Func<string, bool> accepts) =>
        new() { Name = name, Allowed = allowed, Accepts = accepts };

    // Gardener contract 5.4: what Go's strconv.Atoi takes. Digits are checked first because .NET's parser takes other forms as well.
    private static bool IsInt64(string value) => SignedDigits().IsMatch(value) && long.TryParse(value, out _);

    [GeneratedRegex(@"\A[+-]?[0-9]{1,64}\z", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex SignedDigits();

    [GeneratedRegex(@"\A(?:0|[1-9][0-9]{0,8})\z", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex PlainNumber();

    [GeneratedRegex(@"\A(?=.{1,256}\z)!?[a-z][a-z-]*(?:,[a-z][a-z-]*)*\z", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex CommandList();

    [GeneratedRegex(@"\A(?=.{1,1024}\z)[a-z][a-z0-9_]*(?:,[a-z][a-z0-9_]*)*\z", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex SystemCallList();

    [GeneratedRegex(@"\A(?:latest|[0-9]{1,4}(?:\.[0-9]{1,4}){1,2})\z", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex DriverVersion();

    [GeneratedRegex(
        @"\A(?:all|(?:compute|graphics|utility|video)(?:,(?:compute|graphics|utility|video)){0,3})\z",
        RegexOptions.ExplicitCapture,
        matchTimeoutMilliseconds: 1000)]
    private static partial Regex DriverCapabilities();
}
