// SPDX-License-Identifier: Apache-2.0

using NodeTestBed;

namespace Node.Tests;

/// <summary>
/// A gVisor container that is created and never started. <c>ctr</c> leaves off there: it hands over no cgroup of Kubernetes, and the shim
/// answers nobody any more, as it does when containerd ends between the creation of a pod's container and its start. containerd 1.7 and 2 then
/// do not come up before that shim is gone.
/// </summary>
internal sealed class UnstartedContainer : IAsyncDisposable
{
    private const string Runsc = "/usr/bin/runsc";

    private readonly TestNode _node;
    private readonly string _name;
    private readonly ChildProcess _command;

    private UnstartedContainer(TestNode node, string name, ChildProcess command) => (_node, _name, _command) = (node, name, command);

    public static async Task<UnstartedContainer> CreateAsync(TestNode node)
    {
        var name = $"unstarted-{Guid.NewGuid():N}";
        // ctr of 1.6 hands over no configuration, so that the shim looks for runsc on containerd's PATH.
        (await node.RunAsync("ln", "-sfn", $"{TestNode.BinaryDirectory}/gvisor/current/runsc", Runsc)).EnsureSuccess();
        var command = node.Start(
            "env", $"PATH=/usr/sbin:/usr/bin:{TestNode.BinaryDirectory}",
            "ctr", "--namespace", "k8s.io", "run", "--null-io", "--runtime", "io.containerd.runsc.v1", "localhost/busybox:test", name, "true");
        await Eventually.BecomesTrueAsync("the container is created", TimeSpan.FromSeconds(20), () => IsCreated(node, name), command.ToString);
        return new(node, name, command);
    }

    public async ValueTask DisposeAsync()
    {
        _command.Kill();
        await _command.DisposeAsync();
        await _node.RunAsync("ctr", "--namespace", "k8s.io", "containers", "delete", _name);
        // containerd leaves the bundle of a shim that was ended; for the tests that follow it would be a user of gVisor.
        await _node.RunAsync("rm", "-rf", $"/run/containerd/io.containerd.runtime.v2.task/k8s.io/{_name}", Runsc);
    }

    private static bool IsCreated(TestNode node, string name)
    {
        var state = $"/run/containerd/runsc/k8s.io/{name}_sandbox:{name}.state";
        return File.Exists(node.PathOf(state)) && node.ReadFile(state).Contains("\"status\":\"created\"", StringComparison.Ordinal);
    }
}
