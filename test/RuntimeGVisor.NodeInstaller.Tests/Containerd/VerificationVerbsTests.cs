// SPDX-License-Identifier: Apache-2.0

using RuntimeGVisor.NodeInstaller.Containerd;

namespace RuntimeGVisor.NodeInstaller.Tests.Containerd;

public sealed class VerificationVerbsTests
{
    [Theory]
    [InlineData(true, "/var/bin/containerd-shim-runsc-v1", "-namespace", "gvisor-node-installer", "-id", "verification-1")]
    [InlineData(true, "runsc-sandbox", "--root=/run/containerd/runsc/gvisor-node-installer", "boot", "verification-1")]
    [InlineData(true, "/x/runsc", "--root=/run/containerd/runsc/gvisor-node-installer", "wait", "verification-1")]
    [InlineData(false, "/var/bin/containerd-shim-runsc-v1", "-namespace", "k8s.io", "-id", "gvisor-node-installer")]
    [InlineData(false, "runsc-sandbox", "--root=/run/containerd/runsc/k8s.io", "boot", "1")]
    [InlineData(false, "/var/lib/gvisor-node-installer/gvisor-node-installer", "remove-verification", "/run/containerd", "2")]
    [InlineData(false, "/gvisor-node-installer", "install")]
    [InlineData(false)]
    public void Only_processes_of_verifications_are_ended(bool isOfVerification, params string[] arguments) =>
        VerificationVerbs.IsOfVerification(arguments).Should().Be(isOfVerification);

    [Theory]
    [InlineData("containerd github.com/containerd/containerd 1.6.20~ds1 1.6.20~ds1-1+deb12u3", false)]
    [InlineData("containerd github.com/containerd/containerd 1.5.9", false)]
    [InlineData("containerd github.com/containerd/containerd 1.7.24~ds1 1.7.24~ds1-6+deb13u1", true)]
    [InlineData("containerd github.com/containerd/containerd v1.7.34 abc", true)]
    [InlineData("containerd github.com/containerd/containerd/v2 2.1.9+unknown ", true)]
    [InlineData("something else", true)]
    public void Shims_hang_the_start_of_containerd_since_1_7(string version, bool hangs) => StuckShimVerbs.Hangs(version).Should().Be(hangs);
}
