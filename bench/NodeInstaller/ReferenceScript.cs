// SPDX-License-Identifier: Apache-2.0

using NodeTestBed;

namespace NodeInstaller;

/// <summary>The least that makes containerd serve gVisor: copy, append, restart. It looks at nothing and proves nothing.</summary>
internal sealed class ReferenceScript : IAsyncDisposable
{
    private readonly TestNode _node;
    private readonly string _gate;
    private readonly ChildProcess _command;

    private ReferenceScript(TestNode node, string gate, ChildProcess command) => (_node, _gate, _command) = (node, gate, command);

    /// <summary>Starts a shell that waits at a named pipe, so that its own start does not count.</summary>
    public static async Task<ReferenceScript> PrepareAsync(TestNode node, InstallerImage image)
    {
        const string Gate = "/run/reference-script";
        (await node.RunAsync("sh", "-c", $"rm -f {Gate} && mkfifo {Gate}")).EnsureSuccess();
        return new(node, Gate, node.Start("sh", "-ec", $"""
            read -r _ <{Gate}
            cp {image.NodeDirectory}/gvisor/runsc {image.NodeDirectory}/gvisor/containerd-shim-runsc-v1 {TestNode.BinaryDirectory}/
            cat >>/etc/containerd/config.toml <<'EOF'
            {GoInstaller.Block(node.ConfigurationVersion)}
            EOF
            printf '[runsc_config]\n' >/etc/containerd/runsc.toml
            systemctl restart containerd
            """));
    }

    public void Start() => File.WriteAllText(_node.PathOf(_gate), "go\n");

    public async ValueTask DisposeAsync()
    {
        (await _command.EndAsync(TimeSpan.FromSeconds(30))).EnsureSuccess();
        await _command.DisposeAsync();
    }
}
