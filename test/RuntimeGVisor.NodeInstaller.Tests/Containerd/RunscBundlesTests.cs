// SPDX-License-Identifier: Apache-2.0

using RuntimeGVisor.NodeInstaller.Containerd;

namespace RuntimeGVisor.NodeInstaller.Tests.Containerd;

public sealed class RunscBundlesTests : IDisposable
{
    private const string Shim = "/var/bin/containerruntimes/containerd-shim-runsc-v1";

    private readonly string _state = Directory.CreateTempSubdirectory().FullName;

    public void Dispose() => Directory.Delete(_state, recursive: true);

    [Fact]
    public void A_sandbox_names_its_shim_and_its_runsc()
    {
        AddBundle("k8s.io", "a", Shim, """{"rootfs":"x","options":{"binaryName":"/gvisor/1/runsc","runscConfig":{}}}""");

        RunscBundles.Read(_state).Should().Equal(new RunscBundle("k8s.io", "a", "/gvisor/1/runsc", Shim, IsVerification: false));
    }

    [Fact]
    public void A_runsc_without_a_path_is_known_by_its_name()
    {
        AddBundle("k8s.io", "a", Shim, """{"options":{"binaryName":""}}""");

        RunscBundles.Read(_state).Single().RunscPath.Should().Be("runsc");
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("{\"opti")]
    [InlineData("[]")]
    [InlineData("""{"options":7}""")]
    [InlineData("""{"options":{"binaryName":7}}""")]
    public void A_sandbox_in_creation_may_use_any_runsc(string? state)
    {
        AddBundle("k8s.io", "a", Shim, state);

        RunscBundles.Read(_state).Should().Equal(new RunscBundle("k8s.io", "a", null, Shim, IsVerification: false));
    }

    [Fact]
    public void A_bundle_whose_shim_is_not_known_yet_may_be_gVisors()
    {
        AddBundle("k8s.io", "a", shim: null, state: null);

        RunscBundles.Read(_state).Should().Equal(new RunscBundle("k8s.io", "a", null, null, IsVerification: false));
    }

    [Fact]
    public void Containers_of_other_shims_are_none()
    {
        AddBundle("k8s.io", "a", "/usr/bin/containerd-shim-runc-v2", state: null);
        AddBundle("k8s.io", "b", "/opt/kata/bin/containerd-shim-kata-v2", state: null);

        RunscBundles.Read(_state).Should().BeEmpty();
    }

    /// <summary>containerd 2 records for such a container its sandbox and no shim.</summary>
    [Theory]
    [InlineData("io.containerd.runtime.v2.task")]
    [InlineData("io.containerd.sandbox.controller.v1.shim")]
    public void A_container_belongs_to_the_shim_of_its_sandbox(string plugin)
    {
        AddBundle("k8s.io", "runc-sandbox", "/usr/bin/containerd-shim-runc-v2", state: null, plugin: plugin);
        AddBundle("k8s.io", "of-runc", shim: null, state: null, sandbox: "runc-sandbox");
        AddBundle("k8s.io", "gvisor-sandbox", Shim, state: null, plugin: plugin);
        AddBundle("k8s.io", "of-gvisor", shim: null, state: null, sandbox: "gvisor-sandbox");
        AddBundle("k8s.io", "of-nobody", shim: null, state: null, sandbox: "gone");

        RunscBundles.Read(_state).Where(bundle => bundle.Id.StartsWith("of-", StringComparison.Ordinal)).Should().BeEquivalentTo(
        [
            new RunscBundle("k8s.io", "of-gvisor", null, Shim, IsVerification: false),
            new RunscBundle("k8s.io", "of-nobody", null, null, IsVerification: false),
        ]);
    }

    [Fact]
    public void A_bundle_that_is_being_deleted_is_none()
    {
        AddBundle("k8s.io", ".a", shim: null, state: null);

        RunscBundles.Read(_state).Should().BeEmpty();
    }

    [Fact]
    public void A_verification_is_marked()
    {
        AddBundle("gvisor-node-installer", "verification-1", Shim, """{"options":{"binaryName":"/gvisor/1/runsc"}}""");

        RunscBundles.Read(_state).Single().IsVerification.Should().BeTrue();
    }

    [Fact]
    public void A_containerd_that_never_ran_has_none() => RunscBundles.Read(Path.Join(_state, "missing")).Should().BeEmpty();

    [Fact]
    public void A_container_of_runc_is_pending_until_its_start()
    {
        var container = Directory.CreateDirectory(Path.Join(_state, "runc", "k8s.io", "a")).FullName;
        PendingContainers.Find(_state).Should().Equal("k8s.io/a");

        File.WriteAllText(Path.Join(container, "state.json"), "{}");
        File.WriteAllText(Path.Join(container, "exec.fifo"), "");
        PendingContainers.Find(_state).Should().Equal("k8s.io/a");

        File.Delete(Path.Join(container, "exec.fifo"));
        PendingContainers.Find(_state).Should().BeEmpty();
    }

    [Theory]
    [InlineData("creating", true)]
    [InlineData("created", true)]
    [InlineData("running", false)]
    [InlineData("stopped", false)]
    public void A_container_of_gVisor_is_pending_until_its_start(string status, bool isPending)
    {
        var root = Path.Join(_state, "runsc");
        AddBundle("k8s.io", "a", Shim, $$$"""{"options":{"root":"{{{root}}}"}}""");
        Directory.CreateDirectory(Path.Join(root, "k8s.io"));
        File.WriteAllText(Path.Join(root, "k8s.io", "c_sandbox:a.state"), $$"""{"id":"c","status":"{{status}}"}""");

        PendingContainers.Find(_state).Should().Equal(isPending ? ["k8s.io/a"] : []);
    }

    private void AddBundle(
        string @namespace, string id, string? shim, string? state, string? sandbox = null, string plugin = "io.containerd.runtime.v2.task")
    {
        var bundle = Directory.CreateDirectory(Path.Join(_state, plugin, @namespace, id)).FullName;
        Write("shim-binary-path", shim);
        Write("sandbox", sandbox);
        Write("state.json", state);

        void Write(string name, string? text)
        {
            if (text is not null)
            {
                File.WriteAllText(Path.Join(bundle, name), text);
            }
        }
    }
}
