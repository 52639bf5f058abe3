// SPDX-License-Identifier: Apache-2.0

using RuntimeGVisor.NodeConfiguration;
using RuntimeGVisor.NodeInstaller.Containerd;
using RuntimeGVisor.NodeInstaller.Containerd.Configuration;
using RuntimeGVisor.NodeInstaller.Files;
using RuntimeGVisor.NodeInstaller.Releases;
using RuntimeGVisor.NodeInstaller.Systemd;

namespace RuntimeGVisor.NodeInstaller.Convergence;

/// <summary>The parts that work on one node, made once for the process, layer upon layer.</summary>
internal sealed class NodeParts : IDisposable
{
    public NodeParts(NodeInstallerConfiguration desired, NodeLayout layout, string releaseDirectory, TimeProvider time)
    {
        (Desired, Layout, ReleaseDirectory, Time) = (desired, layout, releaseDirectory, time);
        Program = new(layout.StateDirectory);
        Systemd = new(layout.SystemBusSocket, time);
        Client = new(layout.ContainerdSocket, time);
        Units = new(Systemd, layout.StateDirectory);
        Containerd = new(Systemd, Units, layout.ContainerdUnit, Program.Place);
        Configuration = new(
            layout.ConfigurationFile, cancellationToken => Containerd.DumpAsync(layout.ConfigurationFile, cancellationToken), time);
        Verification = new(Client, layout.ContainerdState, RunVerbAsync, time);
        Store = new(desired.BinaryDirectory);
        Trial = new(Units, Program, layout.StateDirectory, time);
        Journal = new(layout.StateDirectory);
        Observer = new(desired, layout, Store, Client, Systemd, Configuration, time);
    }

    public NodeInstallerConfiguration Desired { get; }

    public NodeLayout Layout { get; }

    public string ReleaseDirectory { get; }

    public TimeProvider Time { get; }

    public NodeProgram Program { get; }

    public SystemdClient Systemd { get; }

    public ContainerRuntimeClient Client { get; }

    public TransientUnits Units { get; }

    public ContainerdProcess Containerd { get; }

    public ContainerdConfigurationStore Configuration { get; }

    public HandlerVerification Verification { get; }

    public ReleaseStore Store { get; }

    public RunscTrial Trial { get; }

    public JournalFile Journal { get; }

    public NodeObserver Observer { get; }

    public void Dispose() => Client.Dispose();

    /// <summary>Runs a verb of this program among the node's own processes.</summary>
    public async Task<NodeRun> RunVerbAsync(IReadOnlyList<string> arguments, TimeSpan timeout, CancellationToken cancellationToken)
    {
        var run = await Units.RunAsync([Program.Place(), .. arguments], timeout, overlay: null, cancellationToken);
        return new(run.Succeeded, run.Output, run.Errors);
    }
}
