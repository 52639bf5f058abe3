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

    /// <summary>Directory of the installer's lock and journal on a node; it survives a restart of the node.</summary>
    public const string StateDirectory = "/var/lib/gvisor-node-installer";

    /// <summary>What the node shall be brought to.</summary>
    public required DesiredState DesiredState { get; init; }

    /// <summary>Name of the worker pool that the node belongs to; for logs and metrics.</summary>
    public required string WorkerPool { get; init; }

    /// <summary>
    /// Directory of the executables on the node, which is on containerd's PATH. Gardener contract 1.1: <c>spec.binaryPath</c> of the
    /// ContainerRuntime, always <c>/var/bin/containerruntimes</c> today.
    /// </summary>
    public required string BinaryDirectory { get; init; }

    /// <summary>Name of containerd's handler; the RuntimeClass names the same.</summary>
    public string Handler { get; init; } = "runsc";

    /// <summary>Port of <c>/readyz</c> and <c>/metrics</c>.</summary>
    public int HttpPort { get; init; } = 8080;

    /// <summary>How often the installer may restart containerd within an hour before it gives up and stays not ready.</summary>
    public int MaxRestartsPerHour { get; init; } = 4;

    /// <summary>
    /// Where containerd has been up for more than 10 minutes, the first restart waits a random part of so many seconds, so that the nodes of
    /// a pool do not restart at once. Default: 60.
    /// </summary>
    public int MaxRestartDelaySeconds { get; init; } = 60;

    /// <summary>
    /// Seconds between the two looks without any sandbox after which an uninstallation removes files: time for a sandbox that was accepted and
    /// has no bundle yet, well within the 90 s that nodes are given. Default: 30.
    /// </summary>
    public int RemovalDelaySeconds { get; init; } = 30;

    /// <summary>
    /// The lines of <c>[runsc_config]</c> in their order, without <c>systemd-cgroup</c>, which the installer copies from what the default runtime uses.
    /// </summary>
    public IReadOnlyList<RunscFlagValue> RunscFlags { get; init; } = [];
}
