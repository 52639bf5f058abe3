// SPDX-License-Identifier: Apache-2.0

using RuntimeGVisor.NodeInstaller.Convergence;

namespace RuntimeGVisor.NodeInstaller.Tests.Installation;

public sealed class ContainerdServiceTests
{
    [Theory]
    [InlineData("/usr/bin/containerd", "/etc/containerd/config.toml")]
    [InlineData("/usr/bin/containerd --log-level info", "/etc/containerd/config.toml")]
    [InlineData("/usr/bin/containerd --config /opt/c.toml", "/opt/c.toml")]
    [InlineData("/usr/bin/containerd --log-level info -c /opt/c.toml", "/opt/c.toml")]
    [InlineData("/usr/bin/containerd --config=/opt/c.toml --log-level info", "/opt/c.toml")]
    [InlineData("/usr/bin/containerd --config", "/etc/containerd/config.toml")]
    public void The_command_of_the_unit_says_which_configuration_containerd_reads(string command, string file) =>
        ContainerdService.ConfigurationFileOf(command.Split(' ')).Should().Be(file);
}
