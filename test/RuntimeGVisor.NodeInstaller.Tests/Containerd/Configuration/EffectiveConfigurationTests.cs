// SPDX-License-Identifier: Apache-2.0

using System.Text;
using RuntimeGVisor.NodeInstaller.Containerd.Configuration;

namespace RuntimeGVisor.NodeInstaller.Tests.Containerd.Configuration;

/// <summary>Which file is to blame when the handler does not reach containerd, and what cures it.</summary>
public sealed class EffectiveConfigurationTests : IDisposable
{
    private const string Cri = "plugins.\"io.containerd.grpc.v1.cri\"";
    private const string Runtime = "plugins.\"io.containerd.cri.v1.runtime\"";
    private static readonly HandlerEntry Entry = new("runsc", "/etc/containerd/runsc.toml");

    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("containerd-");

    private string Main => Path.Join(_directory.FullName, "config.toml");

    public void Dispose() => _directory.Delete(recursive: true);

    [Fact]
    public void A_handler_that_reaches_containerd_is_right()
    {
        var text = HandlerEditor.Set(Read("version = 2\n"), Entry);

        EffectiveConfiguration.Check(Read(text), Entry, Read(text), Main);
    }

    [Theory]
    [InlineData($"{Cri}.registry", "move its settings into the main file")]
    [InlineData($"{Cri}.containerd.runtimes.runc", "remove that copy from it")]
    public void In_containerd_1_a_file_with_a_CRI_section_replaces_ours(string table, string cure)
    {
        var dropIn = Write("conf.d/50.toml", $"version = 2\n[{table}]\n  config_path = \"/x\"\n");

        Message("version = 2", imports: "conf.d/*.toml", dump: "version = 2\n")
            .Should().Contain($"{dropIn}, imported there, replaces the whole section io.containerd.grpc.v1.cri in containerd 1.x").And.Contain(cure);
    }

    [Theory]
    [InlineData("config.toml")]
    [InlineData("*.toml")]
    [InlineData("link.toml")]
    [InlineData("conf.d/back.toml")]
    public void A_file_that_imports_itself_is_not_blamed(string import)
    {
        Write("conf.d/back.toml", "imports = [\"../config.toml\"]\n");
        File.CreateSymbolicLink(Path.Join(_directory.FullName, "link.toml"), "config.toml");

        Message("version = 2", import, dump: "version = 2\n").Should().EndWith("no imported file explains it");
    }

    [Fact]
    public void In_containerd_2_a_file_with_another_CRI_setting_is_not_blamed()
    {
        Write("conf.d/50.toml", $"version = 3\n[{Runtime}.registry]\n  config_path = \"/x\"\n");

        Message("version = 3", imports: "conf.d/*.toml", dump: "version = 3\n").Should().EndWith("no imported file explains it");
    }

    [Fact]
    public void In_containerd_2_a_file_that_sets_the_handler_counts_more()
    {
        var dropIn = Write("conf.d/50.toml", $"version = 3\n[{Runtime}.containerd.runtimes.runsc]\n  runtime_path = \"/x\"\n");

        Message("version = 3", imports: "conf.d/*.toml", dump: "version = 3\n")
            .Should().EndWith($"{dropIn}, imported there, sets the handler runsc itself and counts more: remove the handler from it");
    }

    [Fact]
    public void In_containerd_2_files_of_two_versions_are_not_merged()
    {
        var dropIn = Write("conf.d/50.toml", $"version = 3\n[{Runtime}.containerd.runtimes.nvidia]\n  runtime_type = \"io.containerd.runc.v2\"\n");

        Message("version = 2", imports: "conf.d/*.toml", dump: "version = 3\n")
            .Should().EndWith($"{dropIn}, imported there, is of version 3 and {Main} of version 2, which containerd 2 does not merge: give both the same version");
    }

    [Fact]
    public void A_file_without_version_is_told_to_get_one() =>
        Message("root = \"/x\"", imports: "conf.d/*.toml", dump: "version = 3\n").Should().EndWith("give it the version of its tables");

    [Fact]
    public void A_default_runtime_that_gets_lost_is_told()
    {
        var dump = HandlerEditor.Set(Read("version = 2\n"), Entry);
        dump = dump.Replace("runtimes.runc]", "runtimes.other]", StringComparison.Ordinal);

        var check = () => EffectiveConfiguration.Check(Read(dump), Entry, Read("version = 2\n"), Main);

        check.Should().Throw<ContainerdConfigurationException>().WithMessage("containerd would lose its default runtime runc*");
    }

    private static ContainerdConfigurationFile Read(string text) => ContainerdConfigurationFile.Read(Encoding.UTF8.GetBytes(text));

    private string Write(string name, string text)
    {
        var path = Path.Join(_directory.FullName, name);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllText(path, text);
        return path;
    }

    private string Message(string firstLine, string imports, string dump)
    {
        var text = $"{firstLine}\nimports = [\"{imports}\"]\n[{Cri}]\n";
        Write("config.toml", text);
        var check = () => EffectiveConfiguration.Check(Read(dump), Entry, Read(text), Main);
        var exception = check.Should().Throw<ContainerdConfigurationException>().Which;
        exception.Problem.Should().Be(ContainerdConfigurationProblem.Hidden);
        return exception.Message;
    }
}
