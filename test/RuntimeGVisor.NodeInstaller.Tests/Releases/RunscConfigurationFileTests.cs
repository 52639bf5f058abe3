// SPDX-License-Identifier: Apache-2.0

using RuntimeGVisor.NodeConfiguration;
using RuntimeGVisor.NodeInstaller.Containerd.Configuration;
using RuntimeGVisor.NodeInstaller.Releases;

namespace RuntimeGVisor.NodeInstaller.Tests.RunscConfiguration;

public sealed class RunscConfigurationFileTests
{
    /// <summary>The shim reads text only: a bare number or boolean made every pod of a pool fail.</summary>
    [Fact]
    public void Every_value_is_text()
    {
        var text = RunscConfigurationFile.Render("/bin/runsc", [new("panic-signal", "12"), new("net-raw", "true")]);

        var flags = TomlDocument.Parse(text).Root.FindTable("runsc_config")!;
        flags.Values.Should().Equal(new Dictionary<string, object> { ["net-raw"] = "true", ["panic-signal"] = "12" });
        RunscConfigurationFile.FindRunsc(text).Should().Be("/bin/runsc");
    }

    [Fact]
    public void Equal_input_gives_equal_bytes_in_the_given_order()
    {
        RunscFlagValue[] flags = [new("net-raw", "true"), new("debug", "true")];

        RunscConfigurationFile.Render("/bin/runsc", flags).Should().Be(RunscConfigurationFile.Render("/bin/runsc", flags))
            .And.EndWith("[runsc_config]\n  net-raw = \"true\"\n  debug = \"true\"\n");
    }

    [Fact]
    public void Runsc_does_as_runc_does_with_cgroups()
    {
        RunscConfigurationFile.FlagsFor([], runcUsesSystemdCgroup: true).Should().Equal(new RunscFlagValue("systemd-cgroup", "true"));
        RunscConfigurationFile.FlagsFor([], runcUsesSystemdCgroup: false).Should().BeEmpty();
    }

    [Theory]
    [InlineData("[runsc_config]\n  net-raw = \"true\"\n  \n")]
    [InlineData("")]
    [InlineData("not = = toml")]
    [InlineData("binary_name = 5\n")]
    public void A_file_that_names_no_runsc_leads_nowhere(string text) => RunscConfigurationFile.FindRunsc(text).Should().BeNull();
}
