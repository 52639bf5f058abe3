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

    // Two releases whose runsc was asked for its flags, and the one for which the table was made.
    private const string Release2022 = "20221219.0";
    private const string Release2024 = "20240729.0";
    private const string Release2026 = "20260928.0";

    private static readonly RunscFlagValue DebugLog = new("debug-log", $"{DebugLogDirectory}/%ID%/gvisor-%COMMAND%.log");

    private static readonly RunscFlagValue Debugging = new("debug", "true");
    private static readonly RunscFlagValue Tracing = new("strace", "true");

    private static readonly Dictionary<string, RunscFlag> Table = new RunscFlag[]
    {
        // Gardener contract 5.4: exactly what the extension has always accepted.
        Switch("net-raw", "false", Release2022, "raw sockets, for example for `ping`. Without it, gVisor takes `CAP_NET_RAW` from containers")
            with { Risk = RunscFlagRisk.Exposure },
        OneOf("debug", "false", Release2022, "debug logs on the node in `/var/log/runsc/<sandbox>/`. They grow fast: turn it off again", "true")
            with { WritesNothingFor = "false", FollowedBy = [DebugLog], Risk = RunscFlagRisk.Cost },
        OneOf(DebugLog.Name, "", Release2022, "where debug logs go", DebugLog.Value) with { SetBy = RunscFlagSetter.Controller },
        OneOf("nvproxy", "false", Release2024, "NVIDIA GPUs; newer gVisor turns it on by itself when a GPU is requested", "true")
            with { WritesNothingFor = "false", Risk = RunscFlagRisk.Exposure },
        Matching(
            "panic-signal", "-1", Release2022, "the signal that makes the sandbox panic with a stack trace; `-1` for none",
            "a whole decimal number of at most 64 bits", IsInt64),

        // Set from what containerd's default runtime uses; two cgroup drivers on one node would fight.
        Switch("systemd-cgroup", "false", Release2022, "cgroups are made by systemd") with { SetBy = RunscFlagSetter.Installer },

        OneOf("platform", "systrap", Release2024, "how system calls are intercepted; `kvm` needs `/dev/kvm` on the node", "systrap", "kvm")
            with { Risk = RunscFlagRisk.Exposure },
        Switch("systrap-disable-fast-path", "false", Release2026, "for programs that the systrap platform disturbs; costs speed")
            with { Risk = RunscFlagRisk.Cost, Requires = new("platform", "systrap") },
        Switch("systrap-disable-syscall-patching", "false", Release2026, "for programs that the systrap platform disturbs; costs speed")
            with { Risk = RunscFlagRisk.Cost, Requires = new("platform", "systrap") },
        Switch("kvm-use-cpu-nums", "false", Release2026, "for programs that need to know their CPU, on platform `kvm`")
            with { Requires = new("platform", "kvm") },
        Switch("cpu-num-from-quota", "true", Release2022, "whether a sandbox sees as many CPUs as its limit allows"),
        Switch("app-huge-pages", "true", Release2024, "huge pages for applications"),
        OneOf("oci-seccomp", "false", Release2022, "a pod's seccomp profile also applies inside the sandbox", "true") with { WritesNothingFor = "false" },
        OneOf("host-settings", "check", Release2026, "look at the kernel's settings and warn in the log", "check"),
        OneOf("watchdog-action", "log", Release2022, "what happens when a sandbox is stuck", "log", "panic"),

        // all:… would lose writes to volumes, …:dir= names a path of the host.
        OneOf(
            "overlay2", "root:self", Release2024,
            "where writes to the container's root file system go. Volumes are never overlaid, so nothing written to them is lost",
            "none", "root:self", "root:memory")
            with { Risk = RunscFlagRisk.Cost },
        OneOf("file-access", "exclusive", Release2022, "the sandbox is the only one that writes to the root file system", "exclusive"),
        Number(
            "dcache", "-1", Release2022, "cached directory entries of all mounts together; `-1` keeps one cache for each mount", 1024, 1048576, "-1")
            with { Risk = RunscFlagRisk.Cost },
        Number("fdlimit", "-1", Release2022, "open files of the host; `-1` for no limit", 1024, 1048576, "-1"),

        OneOf("debug-log-format", "text", Release2022, "format of runsc's debug logs", "text", "json", "json-k8s") with { Requires = Debugging },
        Matching(
            "debug-command", "", Release2022, "which of runsc's commands write debug logs, such as `boot,create`",
            "runsc's commands separated by commas, with '!' in front for all others", CommandList().IsMatch)
            with { Requires = Debugging },
        Switch("strace", "false", Release2022, "every system call goes to the debug log; very slow")
            with { Risk = RunscFlagRisk.Cost, Requires = Debugging },
        Matching(
            "strace-syscalls", "", Release2022, "only these system calls are logged, such as `openat,connect`",
            "names of system calls separated by commas", SystemCallList().IsMatch)
            with { Requires = Tracing },
        Number("strace-log-size", "1024", Release2022, "how many bytes of data are logged of a system call", 0, 65536)
            with { Risk = RunscFlagRisk.Cost, Requires = Tracing },

        Switch("gso", "true", Release2022, "segmentation offload by the network device"),
        Switch("software-gso", "true", Release2022, "segmentation offload by gVisor where the device has none"),
        Switch("gvisor-gro", "false", Release2024, "receive offload of the sandbox's network"),
        Switch("tx-checksum-offload", "false", Release2022, "checksum offload of what the sandbox sends"),
        Switch("rx-checksum-offload", "true", Release2022, "checksum offload of what the sandbox receives"),

        Matching(
            "nvproxy-driver-version", "", Release2024, "the driver's interface, where it cannot be detected",
            "latest or a driver version such as 535.104.05", DriverVersion().IsMatch)
            with { Risk = RunscFlagRisk.Exposure },
        Matching(
            "nvproxy-allowed-driver-capabilities", "utility,compute", Release2026, "what containers may ask of the NVIDIA driver",
            "all, or some of compute, graphics, utility and video separated by commas", DriverCapabilities().IsMatch)
            with { Risk = RunscFlagRisk.Exposure },
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

    private static RunscFlag OneOf(string name, string defaultValue, string since, string meaning, params string[] values) =>
        Matching(name, defaultValue, since, meaning, string.Join(" or ", values.Select(value => $"\"{value}\"")), values.Contains);

    private static RunscFlag Switch(string name, string defaultValue, string since, string meaning) =>
        OneOf(name, defaultValue, since, meaning, "true", "false");

    private static RunscFlag Number(string name, string defaultValue, string since, string meaning, int lowest, int highest, string? special = null) =>
        Matching(
            name,
            defaultValue,
            since,
            meaning,
            special is null ? $"a number from {lowest} to {highest}" : $"{special} or a number from {lowest} to {highest}",
            value => value == special || (PlainNumber().IsMatch(value) && int.Parse(value) is var number && number >= lowest && number <= highest));

    private static RunscFlag Matching(
        string name, string defaultValue, string since, string meaning, string allowed, Func<string, bool> accepts) =>
        new() { Name = name, Default = defaultValue, Since = since, Meaning = meaning, Allowed = allowed, Accepts = accepts };

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
