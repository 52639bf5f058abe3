// SPDX-License-Identifier: Apache-2.0

using Grpc.Core;
using RuntimeGVisor.NodeInstaller.Containerd;

namespace RuntimeGVisor.NodeInstaller.Tests.Containerd;

public sealed class CallFailureTests
{
    [Theory]
    [InlineData(StatusCode.Unavailable, "connection refused")]
    [InlineData(StatusCode.Cancelled, "")]
    [InlineData(StatusCode.DeadlineExceeded, "")]
    [InlineData(StatusCode.ResourceExhausted, "too much")]
    [InlineData(StatusCode.NotFound, "container \"verification-1\" in namespace \"gvisor-node-installer\": not found")]
    [InlineData(StatusCode.Unknown, "failed to create shim task: context deadline exceeded")]
    [InlineData(StatusCode.Unknown, "mkdir /run/containerd/x: no space left on device")]
    [InlineData(StatusCode.Unknown, "fork/exec /usr/bin/runsc: cannot allocate memory")]
    public void What_may_pass_says_nothing_of_a_release(StatusCode code, string detail) =>
        CallFailure.Judge(new(code, detail), "creating the sandbox").Verdict.Should().Be(Verdict.Inconclusive);

    [Theory]
    [InlineData("failed to create shim task: OCI runtime create failed: open /dev/kvm: no such file or directory")]
    [InlineData("runtime \"io.containerd.runsc.v1\" binary not installed \"containerd-shim-runsc-v1\": file does not exist")]
    public void What_the_release_or_the_node_cannot_do_is_a_failure(string detail)
    {
        var result = CallFailure.Judge(new(StatusCode.Unknown, detail), "creating the sandbox");

        result.Verdict.Should().Be(Verdict.Failed);
        result.Message.Should().Contain(detail);
    }

    [Fact]
    public void A_call_that_breaks_on_this_side_says_nothing_of_a_release() =>
        CallFailure.Judge(new(StatusCode.Internal, "broken", new IOException("reset")), "creating the sandbox")
            .Verdict.Should().Be(Verdict.Inconclusive);
}
