// SPDX-License-Identifier: Apache-2.0

using CsCheck;

namespace RuntimeGVisor.NodeConfiguration.Tests;

public sealed class RunscFlagsTests
{
    private const string DebugLogLine = "debug-log = \"/var/log/runsc/%ID%/gvisor-%COMMAND%.log\"";

    /// <summary>Gardener contract 10.2, and every value of the second tier that is easy to get wrong.</summary>
    public static TheoryData<string, string, string[]> Values() => new()
    {
        { "net-raw", "true", ["net-raw = \"true\""] },
        { "net-raw", "false", ["net-raw = \"false\""] },
        { "net-raw", "True", [] },
        { "net-raw", "", [] },
        { "net-raw", "true ", [] },
        { "net-raw", "true\n", [] },
        { "nvproxy", "true", ["nvproxy = \"true\""] },
        { "nvproxy", "false", [] },
        { "debug", "true", ["debug = \"true\"", DebugLogLine] },
        { "debug", "false", [] },
        { "debug", "1", [] },
        { "debug-log", "/etc/shadow", [] },
        { "debug-log", "/var/log/runsc/%ID%/gvisor-%COMMAND%.log", [] },
        { "foo", "bar", [] },
        { "systemd-cgroup", "true", [] },
        { "panic-signal", "123", ["panic-signal = \"123\""] },
        { "panic-signal", "-1", ["panic-signal = \"-1\""] },
        { "panic-signal", "+5", ["panic-signal = \"+5\""] },
        { "panic-signal", "007", ["panic-signal = \"007\""] },
        { "panic-signal", "9223372036854775807", ["panic-signal = \"9223372036854775807\""] },
        { "panic-signal", "-9223372036854775808", ["panic-signal = \"-9223372036854775808\""] },
        { "panic-signal", "9223372036854775808", [] },
        { "panic-signal", "12x", [] },
        { "panic-signal", " 1", [] },
        { "panic-signal", "1\n", [] },
        { "panic-signal", "", [] },
        { "panic-signal", "-", [] },
        { "panic-signal", "1_0", [] },
        { "panic-signal", "0x1", [] },
        { "panic-signal", "1,000", [] },
        { "panic-signal", "(1)", [] },
        { "panic-signal", "１", [] },
        { "platform", "systrap", ["platform = \"systrap\""] },
        { "platform", "kvm", ["platform = \"kvm\""] },
        { "platform", "ptrace", [] },
        { "overlay2", "root:memory", ["overlay2 = \"root:memory\""] },
        { "overlay2", "all:memory", [] },
        { "overlay2", "root:dir=/etc", [] },
        { "oci-seccomp", "true", ["oci-seccomp = \"true\""] },
        { "oci-seccomp", "false", [] },
        { "file-access", "exclusive", ["file-access = \"exclusive\""] },
        { "file-access", "shared", [] },
        { "host-settings", "check", ["host-settings = \"check\""] },
        { "host-settings", "enforce", [] },
        { "dcache", "-1", ["dcache = \"-1\""] },
        { "dcache", "1024", ["dcache = \"1024\""] },
        { "dcache", "1023", [] },
        { "dcache", "01024", [] },
        { "fdlimit", "1048576", ["fdlimit = \"1048576\""] },
        { "fdlimit", "1048577", [] },
        { "fdlimit", "99999999999999999999", [] },
        { "strace-log-size", "0", ["strace-log-size = \"0\""] },
        { "strace-log-size", "-1", [] },
        { "strace-syscalls", "openat,read,clone3", ["strace-syscalls = \"openat,read,clone3\""] },
        { "strace-syscalls", "openat,", [] },
        { "strace-syscalls", "a\"b", [] },
        { "strace-syscalls", new string('a', 1025), [] },
        { "debug-command", "!boot,events", ["debug-command = \"!boot,events\""] },
        { "debug-command", "boot,!events", [] },
        { "nvproxy-driver-version", "535.104.05", ["nvproxy-driver-version = \"535.104.05\""] },
        { "nvproxy-driver-version", "latest", ["nvproxy-driver-version = \"latest\""] },
        { "nvproxy-driver-version", "535", [] },
        { "nvproxy-allowed-driver-capabilities", "utility,compute", ["nvproxy-allowed-driver-capabilities = \"utility,compute\""] },
        { "nvproxy-allowed-driver-capabilities", "utility,all", [] },
        { "network", "host", [] },
        { "allow-flag-override", "true", [] },
    };

    [Theory]
    [MemberData(nameof(Values))]
    public void A_flag_writes_its_line_for_accepted_values_only(string name, string value, string[] lines) =>
        Select((name, value)).Lines.Select(line => line.ToString()).Should().Equal(lines);

    [Fact]
    public void No_flags_write_nothing() => Select().Lines.Should().BeEmpty();

    [Fact]
    public void Lines_come_in_the_order_of_their_names_with_debug_log_directly_after_debug() =>
        Select(("panic-signal", "12"), ("nvproxy", "true"), ("debug-log-format", "json"), ("net-raw", "true"), ("debug-command", "boot"), ("debug", "true"))
            .Lines.Select(line => line.Name)
            .Should().Equal("debug", "debug-log", "debug-command", "debug-log-format", "net-raw", "nvproxy", "panic-signal");

    [Fact]
    public void The_order_in_which_flags_were_asked_for_does_not_matter()
    {
        var names = RunscFlags.All.Select(flag => flag.Name).Append("unknown").ToArray();
        var requests = Gen.OneOf("true", "false", "12", "systrap", "none").Array[names.Length]
            .Select(values => names.Zip(values, KeyValuePair.Create).ToArray());

        requests.SelectMany(request => Gen.Shuffle(request).Select(shuffled => (request, shuffled))).Sample(pair =>
        {
            var (left, right) = (RunscFlags.Select(pair.request), RunscFlags.Select(pair.shuffled));
            return left.Lines.SequenceEqual(right.Lines) && left.Ignored.SequenceEqual(right.Ignored);
        });
    }

    [Fact]
    public void Any_text_that_is_accepted_is_a_TOML_string_as_it_stands()
    {
        var flags = Gen.OneOf([.. RunscFlags.All]);

        Gen.Select(flags, Gen.String).Sample((flag, value) =>
            !flag.Accepts(value) || value.All(character => character is >= ' ' and <= '~' and not ('"' or '\\')));
    }

    [Theory]
    [InlineData("netraw", "there is no such flag to set; did you mean net-raw?")]
    [InlineData("net_raw", "there is no such flag to set; did you mean net-raw?")]
    [InlineData("Debug", "there is no such flag to set; did you mean debug?")]
    [InlineData("panic-singal", "there is no such flag to set; did you mean panic-signal?")]
    [InlineData("systemd-cgroup", "systemd-cgroup is set by the node installer from what the node uses")]
    [InlineData("debug-log", "debug-log is set by the extension together with another flag")]
    public void An_ignored_name_comes_with_a_reason_that_helps(string name, string reason) =>
        Select((name, "true")).Ignored.Should().Equal(new IgnoredRunscFlag(name, "true", reason));

    [Fact]
    public void A_name_like_no_other_comes_with_the_names_that_exist() =>
        Select(("something-else", "1")).Ignored.Should().ContainSingle()
            .Which.Reason.Should().StartWith("there is no such flag to set; the flags are app-huge-pages, ").And.Contain("net-raw");

    [Fact]
    public void An_ignored_value_comes_with_what_the_flag_takes() =>
        Select(("net-raw", "yes")).Ignored.Should().Equal(new IgnoredRunscFlag("net-raw", "yes", "net-raw takes \"true\" or \"false\""));

    [Theory]
    [InlineData("debug")]
    [InlineData("nvproxy")]
    [InlineData("oci-seccomp")]
    public void Asking_for_what_runsc_does_anyway_is_no_mistake(string name) => Select((name, "false")).Ignored.Should().BeEmpty();

    private static RunscFlagSelection Select(params (string Name, string Value)[] flags) =>
        RunscFlags.Select(flags.Select(flag => KeyValuePair.Create(flag.Name, flag.Value)));
}
