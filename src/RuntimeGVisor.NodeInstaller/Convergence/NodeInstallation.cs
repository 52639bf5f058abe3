// SPDX-License-Identifier: Apache-2.0

using RuntimeGVisor.NodeConfiguration;
using RuntimeGVisor.NodeInstaller.Containerd;
using RuntimeGVisor.NodeInstaller.Endpoints;
using RuntimeGVisor.NodeInstaller.Files;
using RuntimeGVisor.NodeInstaller.Releases;
using RuntimeGVisor.NodeInstaller.Systemd;

namespace RuntimeGVisor.NodeInstaller.Convergence;

/// <summary>The parts that work on one node, made once for the process.</summary>
internal sealed class NodeInstallation : IDisposable
{
    public NodeInstallation(NodeInstallerConfiguration wanted, string releaseDirectory, TimeProvider time, InstallerMetrics metrics)
    {
        var killPoint = KillPoint.FromEnvironment();
        Wanted = wanted;
        ReleaseDirectory = releaseDirectory;
        Time = time;
        Metrics = metrics;
        Files = new(killPoint);
        Store = new(wanted.BinaryDirectory, Files);
        Client = new(wanted.Containerd.Socket, time);
        Journal = new(wanted.StateDirectory, Files);
        Program = new(wanted, Files);
        Containerd = new(wanted, new SystemdClient(wanted.SystemBusSocket, killPoint, time), Client, Files, time);
    }

    public NodeInstallerConfiguration Wanted { get; }

    public string ReleaseDirectory { get; }

    public TimeProvider Time { get; }

    public InstallerMetrics Metrics { get; }

    public NodeFiles Files { get; }

    public ReleaseStore Store { get; }

    public ContainerRuntimeClient Client { get; }

    public JournalFile Journal { get; }

    public NodeProgram Program { get; }

    public ContainerdService Containerd { get; }

    public void Dispose() => Client.Dispose();
}
