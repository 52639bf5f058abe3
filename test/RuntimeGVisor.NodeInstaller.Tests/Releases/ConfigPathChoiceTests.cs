// SPDX-License-Identifier: Apache-2.0

using RuntimeGVisor.NodeInstaller.Containerd;
using RuntimeGVisor.NodeInstaller.Releases;

namespace RuntimeGVisor.NodeInstaller.Tests.RunscConfiguration;

public sealed class ConfigPathChoiceTests
{
    private const string First = "/etc/containerd/runsc.toml";
    private const string Second = "/etc/containerd/runsc-2.toml";
    private const string Third = "/etc/containerd/runsc-3.toml";

    [Fact]
    public void A_fresh_node_gets_the_configured_path() => Choose(null, []).Should().Be(First);

    [Fact]
    public void The_path_in_use_is_kept_when_nobody_reads_it() => Choose(Second, []).Should().Be(Second);

    [Fact]
    public void The_path_in_use_is_kept_when_its_readers_run_the_same_release() =>
        Choose(First, [First], (First, "new")).Should().Be(First);

    [Fact]
    public void A_path_that_a_sandbox_of_another_release_reads_is_left_alone() =>
        Choose(First, [First], (First, "old")).Should().Be(Second);

    [Fact]
    public void A_path_that_a_sandbox_of_the_Go_installer_reads_is_left_alone() => Choose(First, [First]).Should().Be(Second);

    [Fact]
    public void A_path_becomes_free_again() => Choose(Second, [Second], (Second, "old")).Should().Be(First);

    [Fact]
    public void Three_releases_have_three_paths() => Choose(Second, [First, Second], (First, "oldest"), (Second, "old")).Should().Be(Third);

    [Fact]
    public void A_path_of_others_is_not_taken_over() => Choose("/elsewhere/runsc.toml", []).Should().Be(First);

    [Fact]
    public void A_sandbox_whose_path_is_unknown_keeps_the_path_in_use() => Choose(First, [null], (First, "old")).Should().Be(Second);

    private static string Choose(string? inUse, string?[] readers, params (string Path, string Release)[] files) =>
        ConfigPathChoice.Choose(
            First,
            inUse,
            "new",
            [.. readers.Select(path => new SandboxUse("id", "namespace/pod", path))],
            path => files.FirstOrDefault(file => file.Path == path).Release);
}
