// SPDX-License-Identifier: Apache-2.0

using System.Security.Cryptography;
using System.Text;
using RuntimeGVisor.NodeConfiguration;
using RuntimeGVisor.NodeInstaller.Containerd;
using RuntimeGVisor.NodeInstaller.Containerd.Configuration;
using RuntimeGVisor.NodeInstaller.Containerd.V1;
using RuntimeGVisor.NodeInstaller.Convergence;
using RuntimeGVisor.NodeInstaller.Releases;

namespace RuntimeGVisor.NodeInstaller.Tests.Convergence;

/// <summary>What is done to a node, by what is found there. The node is a temporary directory.</summary>
public sealed class InstallationPlanTests : IDisposable
{
    private const string Invocation = "1";
    private static readonly DateTimeOffset Now = new(2026, 11, 28, 8, 0, 0, TimeSpan.Zero);

    private readonly string _root = Directory.CreateTempSubdirectory("plan-tests-").FullName;
    private readonly NodeInstallerConfiguration _desired;
    private readonly ReleaseStore _store;
    private readonly Release _release;

    public InstallationPlanTests()
    {
        _desired = new() { DesiredState = DesiredState.Installed, WorkerPool = "pool-a", BinaryDirectory = Path.Join(_root, "bin") };
        _store = new(_desired.BinaryDirectory);
        var image = Directory.CreateDirectory(Path.Join(_root, "image")).FullName;
        foreach (var file in (string[])["runsc", "containerd-shim-runsc-v1"])
        {
            File.WriteAllText(Path.Join(image, file), file);
        }

        File.WriteAllText(Path.Join(image, "VERSION"), "20260810.0\n");
        File.WriteAllText(Path.Join(image, "SHA512SUMS"), $"{Sum("runsc")}  runsc\n{Sum("containerd-shim-runsc-v1")}  containerd-shim-runsc-v1\n");
        _release = Release.Open(image);
    }

    private RunscConfiguration Configuration => RunscConfiguration.For(_store.DirectoryOf(_release.Key), []);

    private HandlerEntry Entry => new("runsc", Configuration.Path);

    private Journal Verified => new() { Verified = new("20260810.0", "runsc", Configuration.Path, Invocation) };

    public void Dispose() => Directory.Delete(_root, recursive: true);

    [Fact]
    public void A_fresh_node_gets_every_step_in_order() => Steps(Node(entry: null, served: ""), new()).Should().Equal(
        StepName.Stage, StepName.TryFlags, StepName.EditConfiguration, StepName.SwitchLinks, StepName.Restart, StepName.Verify, StepName.LinkRunsc, StepName.Record);

    [Fact]
    public void A_node_that_is_as_desired_gets_none()
    {
        Install();

        Steps(Node(Entry, served: Configuration.Path), Verified).Should().BeEmpty();
    }

    [Fact]
    public void Another_flag_is_tried_before_anything_is_switched_and_costs_one_restart()
    {
        Install();
        var node = Node(Entry, served: Configuration.Path);

        Plan(node, Verified, _desired with { RunscFlags = [new("net-raw", "true")] }).Steps.Select(step => step.Name).Should().Equal(
            StepName.Stage, StepName.TryFlags, StepName.EditConfiguration, StepName.Restart, StepName.Verify, StepName.Record);
    }

    [Fact]
    public void A_lost_handler_that_containerd_still_serves_is_entered_without_trial_or_restart()
    {
        Install();

        Steps(Node(entry: null, served: Configuration.Path), Verified).Should().Equal(StepName.EditConfiguration, StepName.Record);
    }

    [Fact]
    public void A_new_run_of_containerd_is_verified_again()
    {
        Install();
        var node = Node(Entry, served: Configuration.Path);

        Steps(node with { Service = node.Service with { InvocationId = "2" } }, Verified).Should().Equal(StepName.Verify, StepName.Record);
    }

    [Fact]
    public void The_gVisor_of_another_installer_is_kept_as_a_release_to_go_back_to()
    {
        Directory.CreateDirectory(_desired.BinaryDirectory);
        File.WriteAllText(Path.Join(_desired.BinaryDirectory, "runsc"), "runsc of the Go extension");
        File.WriteAllText(Path.Join(_desired.BinaryDirectory, "containerd-shim-runsc-v1"), "shim of the Go extension");
        var node = Node(new HandlerEntry("runsc", "/etc/containerd/runsc.toml"), served: "/etc/containerd/runsc.toml");

        Plan(node, new(), _desired).Adopts.Should().BeTrue();
        Plan(node, Verified, _desired).Adopts.Should().BeFalse("what is verified already is what to go back to");
    }

    /// <summary>Its shim looks runsc up by that name whenever it executes something in the sandbox or ends it.</summary>
    [Theory]
    [InlineData("runsc", false)]
    [InlineData(null, false)]
    [InlineData("/usr/bin/runsc", true)]
    public void The_name_runsc_is_taken_only_when_no_sandbox_goes_by_it(string? runsc, bool isTaken)
    {
        var node = Node(entry: null, served: "") with
        {
            Use = new([new("k8s.io", "id", runsc, "/usr/bin/containerd-shim-runsc-v1", IsVerification: false)], [], OthersUseRunscByName: false),
        };

        Steps(node, new()).Contains(StepName.LinkRunsc).Should().Be(isTaken);
    }

    [Fact]
    public void The_name_runsc_is_left_to_another_handler_that_goes_by_it() =>
        Steps(Node(entry: null, served: "") with { Use = new([], [], OthersUseRunscByName: true) }, new()).Should().NotContain(StepName.LinkRunsc);

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_containerd_that_somebody_stopped_is_not_restarted_whatever_is_pending(bool isPending)
    {
        Install();
        var node = Node(Entry, served: null);

        Steps(node with { Service = node.Service with { ActiveState = "inactive", SubState = "dead" } }, Verified with { RestartPending = isPending })
            .Should().NotContain(StepName.Restart);
    }

    [Fact]
    public void A_release_that_was_unused_for_an_hour_is_pruned()
    {
        Install();
        var old = Directory.CreateDirectory(_store.DirectoryOf("old")).FullName;

        Steps(Node(Entry, served: Configuration.Path), Verified with { UnusedSince = new() { [old] = Now.AddMinutes(-59) } })
            .Should().BeEmpty();
        Steps(Node(Entry, served: Configuration.Path), Verified with { UnusedSince = new() { [old] = Now.AddMinutes(-60) } })
            .Should().Equal(StepName.Prune);
    }

    [Fact]
    public void Every_step_says_what_it_does() =>
        Plan(Node(entry: null, served: ""), new(), _desired).Steps.Should().OnlyContain(step => step.Description.Length > 10);

    private static string Sum(string content) => Convert.ToHexStringLower(SHA512.HashData(Encoding.UTF8.GetBytes(content)));

    private void Install()
    {
        _store.Stage(_release, _release.Files, new Dictionary<string, string>());
        ReleaseStore.Write(Configuration);
        _store.MakeCurrent(_release.Key);
        _store.LinkRunsc();
    }

    private IEnumerable<StepName> Steps(Observation node, Journal journal) => Plan(node, journal, _desired).Steps.Select(step => step.Name);

    private InstallationPlan Plan(Observation node, Journal journal, NodeInstallerConfiguration desired) =>
        InstallationPlan.Make(desired, new(), _release, _store, node, journal, []);

    /// <summary>A node with the entry in containerd's configuration, whose containerd serves the file; none: "", no answer: null.</summary>
    private Observation Node(HandlerEntry? entry, string? served)
    {
        var file = ContainerdConfigurationFile.Read("version = 3\n"u8.ToArray());
        return new()
        {
            Time = Now,
            ContainerdConfiguration = entry is null ? file : ContainerdConfigurationFile.Read(Encoding.UTF8.GetBytes(HandlerEditor.Set(file, entry))),
            Inputs = "inputs",
            Served = served is null ? ServedRuntime.Unavailable("connection refused") : Serving(served),
            Service = new()
            {
                ActiveState = "active",
                SubState = "running",
                Result = "success",
                InvocationId = Invocation,
                MainPid = 1,
                ActiveSince = Now,
                Job = null,
                Command = [],
            },
            Use = new([], [], OthersUseRunscByName: false),
            Defects = _store.FindDefects(_release, new Dictionary<string, string>()),
            Foreign = _store.FindForeign(),
        };
    }

    private static ServedRuntime Serving(string configPath)
    {
        var runtimes = configPath.Length == 0
            ? "{}"
            : $$$$"""{"runsc":{"runtimeType":"io.containerd.runsc.v1","options":{"TypeUrl":"io.containerd.runsc.v1.options","ConfigPath":"{{{{configPath}}}}"}}}""";
        return ServedRuntime.From(new()
        {
            Status = new() { Conditions = { new RuntimeCondition { Type = "RuntimeReady", Status = true } } },
            Info = { ["config"] = $$$"""{"containerd":{"runtimes":{{{runtimes}}}}}""" },
        });
    }
}
