// SPDX-License-Identifier: Apache-2.0

using RuntimeGVisor.NodeConfiguration;
using RuntimeGVisor.NodeInstaller.Containerd.Configuration;
using RuntimeGVisor.NodeInstaller.Releases;

namespace RuntimeGVisor.NodeInstaller.Tests.Releases;

public sealed class RunscConfigurationTests
{
    /// <summary>The shim reads text only: a bare number or boolean made every pod of a pool fail.</summary>
    [Fact]
    public void Every_value_of_a_flag_is_text()
    {
        var configuration = RunscConfiguration.For("/bin/gvisor/a", [new("panic-signal", "12"), new("net-raw", "true")]);

        var root = TomlDocument.Parse(configuration.Text).Root;
        root.FindTable("runsc_config")!.Values.Should().Equal(new Dictionary<string, object> { ["net-raw"] = "true", ["panic-signal"] = "12" });
        root.FindString("binary_name").Should().Be("/bin/gvisor/a/runsc");
    }

    [Fact]
    public void Equal_flags_of_a_release_have_the_same_file()
    {
        RunscFlagValue[] flags = [new("net-raw", "true"), new("debug", "true")];

        RunscConfiguration.For("/bin/gvisor/a", flags).Should().Be(RunscConfiguration.For("/bin/gvisor/a", flags));
        RunscConfiguration.For("/bin/gvisor/a", flags).Text.Should().EndWith("[runsc_config]\n  net-raw = \"true\"\n  debug = \"true\"\n");
    }

    /// <summary>A file that a sandbox may read never changes, so each content has a name of its own.</summary>
    [Fact]
    public void Another_content_has_another_file_beside_its_release()
    {
        RunscConfiguration[] all =
        [
            RunscConfiguration.For("/bin/gvisor/a", []),
            RunscConfiguration.For("/bin/gvisor/a", [new("net-raw", "true")]),
            RunscConfiguration.For("/bin/gvisor/a", [new("net-raw", "false")]),
            RunscConfiguration.For("/bin/gvisor/b", []),
        ];

        all.Select(configuration => configuration.Path).Should().OnlyHaveUniqueItems();
        all.Select(configuration => Path.GetDirectoryName(configuration.Path)).Should().Equal(
            "/bin/gvisor/a", "/bin/gvisor/a", "/bin/gvisor/a", "/bin/gvisor/b");
    }

    [Fact]
    public void Runsc_does_as_the_default_runtime_does_with_cgroups()
    {
        RunscConfiguration.FlagsFor([], systemdCgroup: true).Should().Equal(new RunscFlagValue("systemd-cgroup", "true"));
        RunscConfiguration.FlagsFor([], systemdCgroup: false).Should().BeEmpty();
    }

    [Theory]
    [InlineData("[runsc_config]\n  net-raw = \"true\"\n  \n")]
    [InlineData("log_path = \"/var/log/shim\"\n[runsc_config]\n  net-raw = \"true\"\n")]
    [InlineData("")]
    public void An_adopted_configuration_keeps_its_flags_and_names_its_runsc(string text)
    {
        var root = TomlDocument.Parse(RunscConfiguration.Adopt("/bin/gvisor/adopted-1", text).Text).Root;

        root.FindString("binary_name").Should().Be("/bin/gvisor/adopted-1/runsc");
        root.FindTable("runsc_config")?.FindString("net-raw").Should().Be(text.Contains("net-raw", StringComparison.Ordinal) ? "true" : null);
    }

    [Theory]
    [InlineData("[runsc_config]\n  net-raw = \"true\"\n  \n")]
    [InlineData("")]
    [InlineData("not = = toml")]
    [InlineData("binary_name = 5\n")]
    public void A_file_that_names_no_runsc_leads_nowhere(string text)
    {
        var file = Path.GetTempFileName();
        File.WriteAllText(file, text);

        var runsc = RunscConfiguration.FindRunsc(file);

        File.Delete(file);
        runsc.Should().BeNull();
    }
}
