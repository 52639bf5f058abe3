// SPDX-License-Identifier: Apache-2.0

namespace RuntimeGVisor.NodeConfiguration;

/// <summary>
/// What the controller tells the node installer of one worker pool. <see cref="NodeInstallerConfigurationFile"/> reads and writes it;
/// what each field may hold is said in <see cref="NodeInstallerConfigurationRules"/>.
/// </summary>
public sealed record NodeInstallerConfiguration
{
    /// <summary>The only value of <c>apiVersion</c> in the file.</summary>
    public const string ApiVersion = "gvisor.runtime.extensions.config.gardener.cloud/v1alpha1";

    /// <summary>The only value of <c>kind</c> in the file.</summary>
    public const string Kind = "NodeInstallerConfiguration";

    /// <summary>The file's name, which is also the key in its ConfigMap.</summary>
    public const string FileName = "node-installer.json";

    /// <summary>What the node shall be brought to.</summary>
    public required DesiredState DesiredState { get; init; }

    /// <summary>Name of the worker pool that the node belongs to; for logs, metrics and Events.</summary>
    public required string WorkerPool { get; init; }

    /// <summary>
    /// Directory of the executables on the node, which is on containerd's PATH. Gardener contract 1.1: <c>spec.binaryPath</c> of the
    /// ContainerRuntime, always <c>/var/bin/containerruntimes</c> today.
    /// </summary>
    public required string BinaryDirectory { get; init; }

    /// <summary>Name of containerd's handler; the RuntimeClass names the same.</summary>
    public string Handler { get; init; } = "runsc";

    /// <summary>Directory for the installer's lock and journal; it survives a restart of the node.</summary>
    public string StateDirectory { get; init; } = "/var/lib/gvisor-node-installer";

    /// <summary>The file with runsc's flags that containerd hands to the shim (<c>ConfigPath</c>).</summary>
    public string RunscConfigurationFile { get; init; } = "/etc/containerd/runsc.toml";

    /// <summary>Where containerd is found on the node.</summary>
    public ContainerdLocation Containerd { get; init; } = new();

    /// <summary>Socket of the system's D-Bus, over which systemd restarts containerd.</summary>
    public string SystemBusSocket { get; init; } = "/run/dbus/system_bus_socket";

    /// <summary>Port of <c>/healthz</c>, <c>/readyz</c> and <c>/metrics</c>.</summary>
    public int HttpPort { get; init; } = 8080;

    /// <summary>How often the installer may restart containerd within an hour before it gives up and stays not ready.</summary>
    public int MaximumRestartsPerHour { get; init; } = 4;

    /// <summary>
    /// The lines of <c>[runsc_config]</c> in their order, without <c>systemd-cgroup</c>, which the installer copies from what runc uses.
    /// </summary>
    public IReadOnlyList<RunscFlagValue> RunscFlags { get; init; } = [];
}

/// <summary>Where containerd is found on a node.</summary>
public sealed record ContainerdLocation
{
    /// <summary>containerd's main configuration file.</summary>
    public string ConfigurationFile { get; init; } = "/etc/containerd/config.toml";

    /// <summary>Socket on which containerd serves the CRI.</summary>
    public string Socket { get; init; } = "/run/containerd/containerd.sock";

    /// <summary>systemd's unit that runs containerd.</summary>
    public string Unit { get; init; } = "containerd.service";
}
