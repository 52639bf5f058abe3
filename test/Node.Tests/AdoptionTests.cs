// SPDX-License-Identifier: Apache-2.0

using Node.Tests.TestBed;

namespace Node.Tests;

/// <summary>Nodes that the shell script of the Go extension set up.</summary>
public abstract class AdoptionTests(TestNode node) : NodeTest(node)
{
    [Fact]
    public async Task The_bed_itself_runs_gVisor_pods()
    {
        await GoInstaller.InstallAsync(Node, OldVersion, Node.ConfigurationVersion);

        var pod = await Node.RunPodAsync();

        (await pod.KernelLogAsync(CancellationToken)).Should().Contain("Starting gVisor");
    }
}
