// SPDX-License-Identifier: Apache-2.0

using RuntimeGVisor.NodeInstaller.Containerd;

namespace RuntimeGVisor.NodeInstaller.Tests.Containerd;

public sealed class RunscCommandLineTests
{
    private const string Runsc = "/var/bin/containerruntimes/gvisor/1/runsc";

    private static readonly string[] Waiting =
        [Runsc, "--root=/run/containerd/runsc/gvisor-node-installer", "--net-raw=true", "--dcache=2048", "wait", "verification-1"];

    [Fact]
    public void The_flags_of_the_configuration_in_any_order_are_no_difference() =>
        RunscCommandLine.FindDifference(Waiting, Runsc, new Dictionary<string, string> { ["dcache"] = "2048", ["net-raw"] = "true" })
            .Should().BeNull();

    [Theory]
    [InlineData("net-raw", "false", "without --net-raw=false")]
    [InlineData("platform", "kvm", "without --platform=kvm")]
    public void A_flag_that_did_not_arrive_is_named(string name, string value, string message) =>
        RunscCommandLine.FindDifference(Waiting, Runsc, new Dictionary<string, string> { [name] = value }).Should().Contain(message);

    [Fact]
    public void Another_runsc_is_named() =>
        RunscCommandLine.FindDifference(Waiting, "/usr/bin/runsc", new Dictionary<string, string>()).Should().Contain(Runsc).And.Contain("/usr/bin/runsc");

    [Fact]
    public void A_printed_command_line_is_read_back_as_it_was() =>
        RunscCommandLine.Deserialize(RunscCommandLine.Serialize([.. Waiting, "a \"b\"\n"])).Should().Equal([.. Waiting, "a \"b\"\n"]);
}
