// SPDX-License-Identifier: Apache-2.0

using System.Text;
using RuntimeGVisor.NodeInstaller.Containerd;
using RuntimeGVisor.NodeInstaller.Containerd.Configuration;
using RuntimeGVisor.NodeInstaller.Systemd;
using RuntimeGVisor.NodeInstaller.Tests.Systemd;

namespace RuntimeGVisor.NodeInstaller.Tests.Containerd;

public sealed class ContainerdProcessTests : IDisposable
{
    private const string Running = "/usr/bin/containerd\0/\0containerd\0--config\0/opt/c.toml";

    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("process-");

    private static CancellationToken TestEnd => TestContext.Current.CancellationToken;

    public void Dispose() => _directory.Delete(recursive: true);

    [Theory]
    [InlineData("", "/etc/containerd/config.toml")]
    [InlineData("--log-level info", "/etc/containerd/config.toml")]
    [InlineData("--config /opt/c.toml", "/opt/c.toml")]
    [InlineData("--log-level info -c /opt/c.toml", "/opt/c.toml")]
    [InlineData("--config=/opt/c.toml --log-level info", "/opt/c.toml")]
    [InlineData("-config=/opt/c.toml", "/opt/c.toml")]
    [InlineData("--config c.toml", "/srv/c.toml")]
    public void A_command_line_says_which_configuration_containerd_reads(string arguments, string file) =>
        ContainerdCommand.Of("/usr/bin/containerd", arguments.Split(' ', StringSplitOptions.RemoveEmptyEntries), "/srv")
            .ConfigurationFile.Should().Be(file);

    [Theory]
    [InlineData("/usr/bin/containerd", true)]
    [InlineData("/opt/containerd-2.3.4", true)]
    [InlineData("/bin/sh", false)]
    [InlineData("/usr/bin/env", false)]
    [InlineData("/usr/bin/containerd-shim-runc-v2", false)]
    public void A_wrapper_is_told_from_containerd(string program, bool isContainerd) => ContainerdCommand.IsContainerd(program).Should().Be(isContainerd);

    /// <summary>However the unit runs it (<c>sh -c 'exec …'</c>, <c>env</c>, a variable): the process has its real command line.</summary>
    [Fact]
    public void The_main_process_is_told_with_its_command_line()
    {
        AddProcess(7, parent: 1, "/usr/bin/containerd (deleted)", "containerd\0--config\0/a b/c.toml\0");

        Print(7).Should().Be("/usr/bin/containerd\0/\0containerd\0--config\0/a b/c.toml");
    }

    [Fact]
    public void The_containerd_below_a_wrapper_that_waits_for_it_is_told()
    {
        AddProcess(7, parent: 1, "/usr/bin/bash", "/bin/bash\0/usr/local/bin/containerd\0");
        AddProcess(8, parent: 7, "/usr/bin/sleep", "sleep\0");
        AddProcess(9, parent: 7, "/usr/bin/timeout", "timeout\0");
        AddProcess(10, parent: 9, "/usr/bin/containerd", "containerd\0");
        AddProcess(11, parent: 1, "/usr/bin/containerd", "containerd\0--config\0/of-somebody-else\0");

        Print(7).Should().Be("/usr/bin/containerd\0/\0containerd");
    }

    [Fact]
    public void A_program_of_another_name_is_taken_as_it_is()
    {
        AddProcess(7, parent: 1, "/usr/bin/k3s", "k3s\0");
        AddProcess(8, parent: 7, "/usr/bin/containerd-shim-runc-v2", "containerd-shim-runc-v2\0");

        Print(7).Should().Be("/usr/bin/k3s\0/\0k3s");
    }

    [Fact]
    public void This_very_process_is_found()
    {
        using var output = new MemoryStream();

        ContainerdProcess.Print(Environment.ProcessId, output);

        Encoding.UTF8.GetString(output.ToArray()).Should().StartWith(Environment.ProcessPath + "\0");
    }

    [Fact]
    public async Task The_running_process_counts_not_the_units_text()
    {
        await using var bus = new ScriptedBus();
        bus.Properties["ExecStart"] = ("a(sasbttttuii)", ScriptedBus.Commands("/bin/sh", "sh", "-c", "exec containerd --config /opt/c.toml"));
        bus.Outputs.Enqueue(Running);

        (await Process(bus).FindAsync(TestEnd)).Should().Be(new ContainerdCommand("/usr/bin/containerd", "/opt/c.toml"));
    }

    [Fact]
    public async Task While_containerd_is_down_its_unit_tells()
    {
        await using var bus = new ScriptedBus();
        bus.Properties["MainPID"] = ("u", ScriptedBus.Number(0));
        bus.Properties["ExecStart"] = ("a(sasbttttuii)", ScriptedBus.Commands("/usr/bin/containerd", "containerd", "--config", "/opt/c.toml"));

        (await Process(bus).FindAsync(TestEnd)).Should().Be(new ContainerdCommand("/usr/bin/containerd", "/opt/c.toml"));
    }

    [Theory]
    [InlineData("/usr/bin/containerd", "--config ${CFG}")]
    [InlineData("/bin/sh", "-c exec_containerd")]
    public async Task While_containerd_is_down_a_unit_that_says_nothing_plainly_is_an_error(string program, string arguments)
    {
        await using var bus = new ScriptedBus();
        bus.Properties["MainPID"] = ("u", ScriptedBus.Number(0));
        bus.Properties["ExecStart"] = ("a(sasbttttuii)", ScriptedBus.Commands(program, [program, .. arguments.Split(' ')]));

        var find = () => Process(bus).FindAsync(TestEnd);

        await find.Should().ThrowAsync<SystemdException>().WithMessage($"{ScriptedBus.Unit} does not run, and its ExecStart does not say plainly*{arguments}");
    }

    [Fact]
    public async Task What_containerd_makes_of_a_file_is_read()
    {
        await using var bus = new ScriptedBus();
        bus.Outputs.Enqueue(Running);
        bus.Outputs.Enqueue("version = 3\n");

        (await Process(bus).DumpAsync("/opt/c.toml", TestEnd)).Version.Should().Be(3);
        _directory.EnumerateFiles().Should().BeEmpty();
    }

    [Theory]
    [InlineData("version = 5\n", "*config dump` prints cannot be used, whatever the file says: version is 5*")]
    [InlineData("this is not TOML\n", "*config dump` prints cannot be used, whatever the file says: not TOML*")]
    public async Task A_dump_that_cannot_be_read_is_not_blamed_on_the_file(string output, string message)
    {
        await using var bus = new ScriptedBus();
        bus.Outputs.Enqueue(Running);
        bus.Outputs.Enqueue(output);

        var dump = () => Process(bus).DumpAsync("/opt/c.toml", TestEnd);

        await dump.Should().ThrowAsync<ContainerdConfigurationException>().WithMessage(message);
    }

    private void AddProcess(int number, int parent, string executable, string command)
    {
        var process = _directory.CreateSubdirectory($"{number}").FullName;
        File.CreateSymbolicLink(Path.Join(process, "exe"), executable);
        File.CreateSymbolicLink(Path.Join(process, "cwd"), "/");
        File.WriteAllText(Path.Join(process, "cmdline"), command);
        File.WriteAllText(Path.Join(process, "stat"), $"{number} (a (b) c) S {parent} {number} 0");
    }

    private string Print(int mainProcess)
    {
        using var output = new MemoryStream();
        ContainerdProcess.Print(mainProcess, output, _directory.FullName);
        return Encoding.UTF8.GetString(output.ToArray());
    }

    private ContainerdProcess Process(ScriptedBus bus)
    {
        var systemd = new SystemdClient(bus.Path, TimeProvider.System);
        return new(systemd, new TransientUnits(systemd, _directory.FullName), ScriptedBus.Unit, () => "/program");
    }
}
