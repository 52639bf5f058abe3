// SPDX-License-Identifier: Apache-2.0

using System.Text;
using RuntimeGVisor.NodeConfiguration;
using RuntimeGVisor.NodeInstaller.Containerd;
using RuntimeGVisor.NodeInstaller.Containerd.Configuration;
using RuntimeGVisor.NodeInstaller.Convergence;
using RuntimeGVisor.NodeInstaller.Releases;

namespace RuntimeGVisor.NodeInstaller.Tests.Installation;

public sealed class InstallationPlanTests : IDisposable
{
    private const string FirstFile = "/etc/containerd/runsc.toml";
    private const string SecondFile = "/etc/containerd/runsc-2.toml";

    private readonly string _release = Directory.CreateTempSubdirectory("plan-tests-").FullName;

    private static readonly NodeInstallerConfiguration Wanted = new()
    {
        DesiredState = DesiredState.Installed,
        WorkerPool = "pool-a",
        BinaryDirectory = "/var/bin/containerruntimes",
    };

    private readonly ReleaseStore _store = new(Wanted.BinaryDirectory, new(new(null)));

    public void Dispose() => Directory.Delete(_release, recursive: true);

    [Fact]
    public void A_file_of_another_release_is_written_anew_where_nobody_reads_it()
    {
        var plan = Plan(sandboxes: [], restartOwed: false);

        plan.RunscConfiguration.Path.Should().Be(FirstFile);
        plan.RunscConfiguration.IsNeeded.Should().BeTrue();
    }

    [Fact]
    public void A_file_that_a_sandbox_of_another_release_reads_stays_as_it_is() =>
        Plan(sandboxes: [new("id", "default/pod", FirstFile)], restartOwed: false).RunscConfiguration.Path.Should().Be(SecondFile);

    [Fact]
    public void While_containerd_does_not_say_what_runs_every_file_is_taken_to_be_read() =>
        Plan(sandboxes: null, restartOwed: true).RunscConfiguration.Path.Should().Be(SecondFile);

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_containerd_that_does_not_answer_is_restarted_only_after_a_change_of_ours(bool restartOwed) =>
        Plan(sandboxes: null, restartOwed).Restart.Should().Be(restartOwed);

    /// <summary>A node with an older release, which containerd serves if it answers.</summary>
    private InstallationPlan Plan(IReadOnlyList<SandboxUse>? sandboxes, bool restartOwed)
    {
        foreach (var file in (string[])["runsc", "containerd-shim-runsc-v1"])
        {
            File.WriteAllText(Path.Join(_release, file), file);
        }

        File.WriteAllText(Path.Join(_release, "VERSION"), "20260810.0\n");
        File.WriteAllText(
            Path.Join(_release, "SHA512SUMS"), $"{new string('a', 128)}  runsc\n{new string('b', 128)}  containerd-shim-runsc-v1\n");
        var configuration = ContainerdConfigurationFile.Read("version = 2\n"u8.ToArray());
        var state = new NodeState
        {
            ContainerdConfiguration = ContainerdConfigurationFile.Read(
                Encoding.UTF8.GetBytes(HandlerEditor.Set(configuration, new(Wanted.Handler, FirstFile)))),
            Served = ServedRuntime.Unavailable("it is being restarted"),
            Sandboxes = sandboxes,
            Defects = [],
            KeepForeignRunsc = false,
            IsCurrent = false,
            CurrentKey = "20240101.0-0123456789ab",
            RunscConfigurations = new Dictionary<string, string>
            {
                [FirstFile] = RunscConfigurationFile.Render(_store.RunscOf("20240101.0-0123456789ab"), []),
            },
        };
        return InstallationPlan.Make(Wanted, Release.Open(_release), _store, state, restartOwed);
    }
}
