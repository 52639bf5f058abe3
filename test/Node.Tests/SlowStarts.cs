// SPDX-License-Identifier: Apache-2.0

using NodeTestBed;

namespace Node.Tests;

/// <summary>Makes the start of every container of the installed gVisor take until it is let go.</summary>
internal sealed class SlowStarts : IAsyncDisposable
{
    private const string Hold = "/run/slow-starts";
    private const string Waiting = "/run/slow-starts-waiting";

    private readonly TestNode _node;

    private SlowStarts(TestNode node) => _node = node;

    /// <summary>Replaces runsc by a script that holds back its <c>start</c>.</summary>
    public static async Task<SlowStarts> BeginAsync(TestNode node)
    {
        var runsc = await node.RunAsync("readlink", "-f", $"{TestNode.BinaryDirectory}/gvisor/current/runsc");
        var path = runsc.EnsureSuccess().Output.Trim();
        node.WriteFile(Hold, "");
        var script =
            $"""
            #!/bin/sh
            for argument; do
              while [ "$argument" = start ] && [ -e {Hold} ]; do touch {Waiting}; sleep 0.05; done
            done
            exec {path}-itself "$@"

            """;
        (await node.RunAsync("mv", path, $"{path}-itself")).EnsureSuccess();
        node.WriteFile(path, script);
        (await node.RunAsync("chmod", "755", path)).EnsureSuccess();
        return new(node);
    }

    public Task WaitForOneAsync() => Eventually.BecomesTrueAsync(
        "a container is about to start", TimeSpan.FromSeconds(20), () => File.Exists(_node.PathOf(Waiting)));

    /// <summary>Lets the containers start.</summary>
    public void LetGo() => File.Delete(_node.PathOf(Hold));

    public async ValueTask DisposeAsync() => await _node.RunAsync("rm", "-f", Hold, Waiting);
}
