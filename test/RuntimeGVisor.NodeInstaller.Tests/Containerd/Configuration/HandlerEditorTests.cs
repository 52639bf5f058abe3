// SPDX-License-Identifier: Apache-2.0

using RuntimeGVisor.NodeInstaller.Containerd.Configuration;

namespace RuntimeGVisor.NodeInstaller.Tests.Containerd.Configuration;

public sealed class HandlerEditorTests
{
    private static readonly HandlerEntry Entry = new("runsc", "/etc/containerd/runsc.toml");

    public static TheoryData<string, string> HeaderByVersion => new()
    {
        { "root = \"/a\"\n", "[plugins.cri.containerd.runtimes.runsc]" },
        { "version = 1\n", "[plugins.cri.containerd.runtimes.runsc]" },
        { "version = 2\n", "[plugins.\"io.containerd.grpc.v1.cri\".containerd.runtimes.runsc]" },
        { "version = 3\n", "[plugins.\"io.containerd.cri.v1.runtime\".containerd.runtimes.runsc]" },
        { "version = 4\n", "[plugins.\"io.containerd.cri.v1.runtime\".containerd.runtimes.runsc]" },
        { "# a comment\nroot = \"/a\"\n  version   =   3 # odd\n", "[plugins.\"io.containerd.cri.v1.runtime\".containerd.runtimes.runsc]" },
        { "[plugins]\nversion = 999\n", "[plugins.cri.containerd.runtimes.runsc]" },
        { "version = 2\n[plugins.x]\nversion = 999\n", "[plugins.\"io.containerd.grpc.v1.cri\".containerd.runtimes.runsc]" },
    };

    [Theory]
    [MemberData(nameof(HeaderByVersion))]
    public void The_version_in_the_file_decides_where_the_handler_goes(string text, string header)
    {
        var edited = Set(text);

        edited.Should().StartWith(text).And.Contain(header + "\n");
        Read(edited).FindRuntime("runsc").Should().NotBeNull();
    }

    [Theory]
    [InlineData("version = 5\n")]
    [InlineData("version = 999\n")]
    [InlineData("version = 0\n")]
    [InlineData("version = -1\n")]
    [InlineData("version = \"2\"\n")]
    [InlineData("version = 2.0\n")]
    [InlineData("version = true\n")]
    [InlineData("version = [2]\n")]
    [InlineData("[version]\nx = 2\n")]
    public void An_unknown_version_is_refused(string text)
    {
        var read = () => Read(text);

        read.Should().Throw<ContainerdConfigurationException>().Which.Problem.Should().Be(ContainerdConfigurationProblem.UnknownVersion);
    }

    [Theory]
    [InlineData("")]
    [InlineData(" \n\n")]
    public void An_empty_file_is_not_taken_for_version_1(string text)
    {
        var read = () => Read(text);

        read.Should().Throw<ContainerdConfigurationException>().Which.Problem.Should().Be(ContainerdConfigurationProblem.Empty);
    }

    [Theory]
    [InlineData("version = 2\n[plugins")]
    [InlineData("version = 2\nversion = 2\n")]
    [InlineData("version = 2\n[a]\n[a]\n")]
    [InlineData("version = \n")]
    [InlineData("a = 1\n[a]\n")]
    [InlineData("version = 2\nx = \"\u0001\"\n")]
    public void A_broken_file_is_refused(string text)
    {
        var read = () => Read(text);

        read.Should().Throw<ContainerdConfigurationException>().Which.Problem.Should().Be(ContainerdConfigurationProblem.NotToml);
    }

    [Fact]
    public void Bytes_that_are_no_UTF8_are_refused()
    {
        var read = () => ContainerdConfigurationFile.Read([0x61, 0x3d, 0x22, 0xff, 0x22, 0x0a]);

        read.Should().Throw<ContainerdConfigurationException>().Which.Problem.Should().Be(ContainerdConfigurationProblem.NotToml);
    }

    /// <summary>The integration test of the Go extension counts the lines with this text.</summary>
    [Theory]
    [InlineData("version = 1\n")]
    [InlineData("version = 2\n")]
    [InlineData("version = 3\n")]
    [InlineData("version = 4\n")]
    public void Two_lines_hold_the_text_that_the_Go_extensions_test_looks_for(string text) =>
        Set(text).Split('\n').Count(line => line.Contains("containerd.runtimes.runsc", StringComparison.Ordinal)).Should().Be(2);

    [Theory]
    [InlineData("version = 2\nroot = \"/a\"")]
    [InlineData("version = 2\n# no line end after this comment")]
    [InlineData("version = 2\n[plugins.x]\n  y = 1")]
    public void A_missing_line_end_does_not_glue_the_table_to_the_last_line(string text)
    {
        var edited = Set(text);

        edited.Should().StartWith(text + "\n");
        Read(edited).FindRuntime("runsc").Should().NotBeNull();
    }

    [Fact]
    public void Line_ends_of_the_file_are_kept()
    {
        var edited = Set("version = 3\r\nroot = \"/a\"\r\n");

        edited.Replace("\r\n", "", StringComparison.Ordinal).Should().NotContainAny("\r", "\n");
    }

    public static TheoryData<string> SpellingsOfTheHandler => new()
    {
        Entry2("plugins.\"io.containerd.grpc.v1.cri\".containerd.runtimes.runsc"),
        Entry2("plugins.\"io.containerd.grpc.v1.cri\".containerd.runtimes.\"runsc\""),
        Entry2("plugins.'io.containerd.grpc.v1.cri'.containerd.runtimes.'runsc'"),
        Entry2("\"plugins\" . \"io.containerd.grpc.v1.cri\" . \"containerd\" . \"runtimes\" . \"runsc\""),
        // As gardener-node-agent writes it: parents first, keys in order, two spaces for each level.
        """
        version = 2

        [plugins]
          [plugins."io.containerd.grpc.v1.cri"]
            [plugins."io.containerd.grpc.v1.cri".containerd]
              [plugins."io.containerd.grpc.v1.cri".containerd.runtimes]
                [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
                  runtime_type = "io.containerd.runc.v2"
                [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runsc]
                  runtime_type = "io.containerd.runsc.v1"
                  [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runsc.options]
                    ConfigPath = "/etc/containerd/runsc.toml"
                    TypeUrl = "io.containerd.runsc.v1.options"

        """,
        """
        version = 2
        [plugins."io.containerd.grpc.v1.cri".containerd.runtimes]
        runc.runtime_type = "io.containerd.runc.v2"
        runsc.runtime_type = "io.containerd.runsc.v1"
        runsc.options.TypeUrl = "io.containerd.runsc.v1.options"
        runsc.options.ConfigPath = "/etc/containerd/runsc.toml"

        """,
        """
        version = 2
        [plugins."io.containerd.grpc.v1.cri".containerd.runtimes]
        runc = { runtime_type = "io.containerd.runc.v2" }
        runsc = { runtime_type = "io.containerd.runsc.v1", options = { TypeUrl = "io.containerd.runsc.v1.options", ConfigPath = "/etc/containerd/runsc.toml" } }

        """,
    };

    [Theory]
    [MemberData(nameof(SpellingsOfTheHandler))]
    public void An_entry_that_is_right_stays_as_it_is_written(string text) => Set(text).Should().Be(text);

    [Theory]
    [MemberData(nameof(SpellingsOfTheHandler))]
    public void An_entry_is_found_and_removed_however_it_is_written(string text)
    {
        var removed = HandlerEditor.Remove(Read(text), "runsc");

        Read(removed).FindRuntime("runsc").Should().BeNull();
        Read(removed).FindRuntime("runc").Should().NotBeNull();
    }

    [Theory]
    [MemberData(nameof(SpellingsOfTheHandler))]
    public void An_entry_is_changed_however_it_is_written(string text)
    {
        var changed = HandlerEditor.Set(Read(text), new("runsc", "/etc/containerd/runsc-2.toml"));

        new HandlerEntry("runsc", "/etc/containerd/runsc-2.toml").IsServedBy(Read(changed).FindRuntime("runsc")!).Should().BeTrue();
        Read(changed).FindRuntime("runc").Should().NotBeNull();
    }

    [Fact]
    public void Keys_that_others_put_beside_ours_stay()
    {
        var text = Entry2("plugins.\"io.containerd.grpc.v1.cri\".containerd.runtimes.runsc")
            .Replace("runtime_type = \"io.containerd.runsc.v1\"", "runtime_type = \"io.containerd.runsc.v1\"\n  pod_annotations = [\"dev.gvisor.*\"]", StringComparison.Ordinal);

        Set(text).Should().Be(text);
    }

    /// <summary>What gardener-node-agent and containerd itself leave on nodes comes back byte for byte.</summary>
    [Theory]
    [InlineData("version-2")]
    [InlineData("version-3")]
    [InlineData("version-4")]
    [InlineData("default-version-2")]
    [InlineData("default-version-4")]
    public void A_nodes_file_survives_installation_upgrade_and_removal(string name)
    {
        var text = File.ReadAllText(Path.Join(AppContext.BaseDirectory, "Containerd", "Configuration", "Data", $"{name}.toml"));

        var installed = Set(text);
        var upgraded = HandlerEditor.Set(Read(installed), new("runsc", "/opt/other.toml"));

        installed.Should().StartWith(text);
        Read(installed).FindRuntime("runsc").Should().NotBeNull();
        upgraded.Should().Be(installed.Replace(Entry.ConfigPath, "/opt/other.toml", StringComparison.Ordinal));
        HandlerEditor.Remove(Read(upgraded), "runsc").Should().Be(text);
    }

    [Fact]
    public void A_change_writes_the_values_of_our_keys_and_nothing_else()
    {
        const string Text = """
            version = 2
            [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
              runtime_type = "io.containerd.runc.v2"
            [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runsc] # ours
              # hints for pods
              pod_annotations = ["dev.gvisor.spec.mount.*"]
              container_annotations = [
                "a", # why
              ]
              runtime_path = "/tmp/shim" # somebody's
              runtime_type = 'io.containerd.runc.v2'
              snapshotter = "overlayfs"
              cni_conf_dir = "/etc/cni/net.d"
              base_runtime_spec = "/etc/containerd/base.json"

              [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runsc.options]
                # told to the shim
                BinaryName = "/tmp/runsc"
                ConfigPath = "/elsewhere.toml"   # beside
                Unknown = 5
                TypeUrl = "io.containerd.runsc.v1.options"
            [plugins.after]
              x = 1

            """;

        Set(Text).Should().Be(Text
            .Replace("\"/tmp/shim\"", "\"\"", StringComparison.Ordinal)
            .Replace("runtime_type = 'io.containerd.runc.v2'", "runtime_type = \"io.containerd.runsc.v1\"", StringComparison.Ordinal)
            .Replace("\"/tmp/runsc\"", "\"\"", StringComparison.Ordinal)
            .Replace("/elsewhere.toml", Entry.ConfigPath, StringComparison.Ordinal));
    }

    [Fact]
    public void Options_of_others_that_change_no_program_are_no_drift()
    {
        var text = Entry2("plugins.\"io.containerd.grpc.v1.cri\".containerd.runtimes.runsc") + "  # a comment\n  BinaryName = \"\"\n  IoUid = 0\n";

        Set(text).Should().Be(text);
    }

    [Theory]
    [InlineData("  pod_annotations = [\"a\"]\n")]
    [InlineData("  pod_annotations = [\"a\"]\n  [plugins.\"io.containerd.grpc.v1.cri\".containerd.runtimes.runsc.options]\n  # none yet\n")]
    [InlineData("  pod_annotations = [\"a\"]\n  [plugins.\"io.containerd.grpc.v1.cri\".containerd.runtimes.runsc.options]\n    ConfigPath = \"\"\n")]
    [InlineData("  runtime_type = \"x\"\n  pod_annotations = [\"a\"]")]
    public void Keys_that_are_missing_are_added_beside_those_of_others(string rest)
    {
        var text = Entry2("plugins.x")[..^Table("plugins.x").Length] + "[plugins.\"io.containerd.grpc.v1.cri\".containerd.runtimes.runsc]\n" + rest;

        var edited = Set(text);

        Entry.IsServedBy(Read(edited).FindRuntime("runsc")!).Should().BeTrue();
        edited.Should().Contain("pod_annotations = [\"a\"]\n");
    }

    [Theory]
    [InlineData("runsc = { runtime_type = \"x\", pod_annotations = [\"a\"] }\n")]
    [InlineData("runsc.pod_annotations = [\"a\"]\n")]
    public void A_form_without_room_for_a_missing_key_is_refused_if_others_would_lose_something(string line)
    {
        var text = "version = 3\n[plugins.\"io.containerd.cri.v1.runtime\".containerd.runtimes]\n" + line;

        var set = () => Set(text);

        set.Should().Throw<ContainerdConfigurationException>().Which.Problem.Should().Be(ContainerdConfigurationProblem.NotEditable);
    }

    [Fact]
    public void A_runc_table_that_somebody_added_to_stays_when_the_handler_goes()
    {
        var installed = Set("version = 2\n") + """

            [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
              SystemdCgroup = true

            """;

        var removed = Read(HandlerEditor.Remove(Read(installed), "runsc"));

        removed.FindRuntime("runsc").Should().BeNull();
        removed.UsesSystemdCgroup.Should().BeTrue();
    }

    [Theory]
    [InlineData("runtime_path = \"/tmp/shim\"")]
    [InlineData("runtime_engine = \"/tmp/runsc\"")]
    [InlineData("runtime_root = \"/tmp\"")]
    public void An_entry_that_runs_something_else_is_replaced(string line)
    {
        var text = Entry2("plugins.\"io.containerd.grpc.v1.cri\".containerd.runtimes.runsc")
            .Replace("runtime_type = \"io.containerd.runsc.v1\"", $"runtime_type = \"io.containerd.runsc.v1\"\n  {line}", StringComparison.Ordinal);

        Set(text).Should().NotContain(line);
    }

    /// <summary>Releases before 2026 wrote the table of an older version into newer files, where containerd ignores it.</summary>
    [Theory]
    [InlineData("version = 3\n", "plugins.\"io.containerd.grpc.v1.cri\"")]
    [InlineData("version = 3\n", "plugins.cri")]
    [InlineData("version = 4\n", "plugins.cri")]
    [InlineData("version = 2\n", "plugins.cri")]
    [InlineData("version = 2\n", "plugins.\"io.containerd.cri.v1.runtime\"")]
    public void A_block_for_another_version_is_replaced(string version, string plugin)
    {
        var wrong = $"""
            [{plugin}.containerd.runtimes.runsc]
              runtime_type = "io.containerd.runsc.v1"
            [{plugin}.containerd.runtimes.runsc.options]
              TypeUrl = "io.containerd.runsc.v1.options"
              ConfigPath = "/etc/containerd/runsc.toml"

            """;

        var edited = Set(version + wrong + "[after]\n  x = 1\n");

        edited.Should().NotContain($"[{plugin}.containerd.runtimes.runsc").And.Contain("[after]\n  x = 1\n");
        Read(edited).FindMisplaced("runsc").Should().BeEmpty();
        Read(edited).FindRuntime("runsc").Should().NotBeNull();
    }

    [Fact]
    public void A_handler_of_a_similar_name_is_another_handler()
    {
        var text = Entry2("plugins.\"io.containerd.grpc.v1.cri\".containerd.runtimes.runsc-kvm");

        var edited = Set(text);

        edited.Should().StartWith(text);
        Read(edited).FindRuntime("runsc").Should().NotBeNull();
        HandlerEditor.Remove(Read(edited), "runsc").Should().Be(text);
    }

    /// <summary>containerd 1.x takes the table of runtimes for all there are, and does not start without its default.</summary>
    [Theory]
    [InlineData("version = 1\n", true)]
    [InlineData("version = 2\n", true)]
    [InlineData("version = 2\n[plugins.\"io.containerd.grpc.v1.cri\".containerd]\n  default_runtime_name = \"nvidia\"\n", false)]
    [InlineData("version = 2\n[plugins.\"io.containerd.grpc.v1.cri\".containerd.runtimes.runc]\n  runtime_type = \"io.containerd.runc.v2\"\n", false)]
    [InlineData("version = 3\n", false)]
    [InlineData("version = 4\n", false)]
    public void The_default_runtime_is_written_where_the_handler_would_drive_it_out(string text, bool isWritten)
    {
        var added = Set(text)[text.Length..];

        added.Contains("runtimes.runc]", StringComparison.Ordinal).Should().Be(isWritten);
        Read(Set(text)).NeedsRuncBesideHandler.Should().BeFalse();
    }

    [Fact]
    public void A_default_runtime_that_the_Go_installer_drove_out_is_repaired()
    {
        var text = "version = 2\n" + Table("plugins.\"io.containerd.grpc.v1.cri\".containerd.runtimes.runsc");

        Read(Set(text)).FindRuntime("runc").Should().NotBeNull();
    }

    [Fact]
    public void A_default_runtime_that_others_wrote_stays_when_the_handler_goes()
    {
        const string Text = "version = 2\n[plugins.\"io.containerd.grpc.v1.cri\".containerd.runtimes.runc]\n  runtime_type = \"io.containerd.runc.v2\"\n";

        HandlerEditor.Remove(Read(Set(Text)), "runsc").Should().Be(Text);
    }

    [Theory]
    [InlineData("version = 2\nplugins = { \"io.containerd.grpc.v1.cri\" = { containerd = { runtimes = { runc = { runtime_type = \"x\" } } } } }\n")]
    [InlineData("version = 3\n[plugins.\"io.containerd.cri.v1.runtime\"]\ncontainerd = { default_runtime_name = \"runc\" }\n")]
    [InlineData("version = 3\n[plugins.\"io.containerd.cri.v1.runtime\"]\ncontainerd.default_runtime_name = \"runc\"\ncontainerd.runtimes = 5\n")]
    public void Tables_that_cannot_be_added_to_are_left_alone(string text)
    {
        var set = () => Set(text);

        set.Should().Throw<ContainerdConfigurationException>().Which.Problem.Should().Be(ContainerdConfigurationProblem.NotEditable);
    }

    [Fact]
    public void Comments_around_a_replaced_entry_stay()
    {
        var text = $"""
            version = 2
            # before
            {Table("plugins.\"io.containerd.grpc.v1.cri\".containerd.runtimes.runsc").Replace("runsc.toml", "other.toml", StringComparison.Ordinal)}
            # after, of the next table
            [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc] # beside
              runtime_type = "io.containerd.runc.v2"

            """;

        var edited = Set(text);

        edited.Should().ContainAll("# before\n", "# after, of the next table\n", "# beside\n").And.NotContain("other.toml");
    }

    private static string Entry2(string table) =>
        "version = 2\n[plugins.\"io.containerd.grpc.v1.cri\".containerd.runtimes.runc]\n  runtime_type = \"io.containerd.runc.v2\"\n" + Table(table);

    private static string Table(string table) => $"""
        [{table}]
          runtime_type = "io.containerd.runsc.v1"
        [{table}.options]
          TypeUrl = "io.containerd.runsc.v1.options"
          ConfigPath = "/etc/containerd/runsc.toml"

        """;

    private static string Set(string text) => HandlerEditor.Set(Read(text), Entry);

    private static ContainerdConfigurationFile Read(string text) => ContainerdConfigurationFile.Read(System.Text.Encoding.UTF8.GetBytes(text));
}
