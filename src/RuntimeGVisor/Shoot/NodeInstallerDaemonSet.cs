// SPDX-License-Identifier: Apache-2.0

using Gardener.Extensions.ManagedResources;
using RuntimeGVisor.NodeConfiguration;
using k8s.Models;

namespace RuntimeGVisor.Shoot;

/// <summary>
/// The DaemonSet that runs the installer on the nodes of one worker pool. What its container offers the installer is described in
/// docs/development/node-configuration.md, why it needs each privilege in docs/operations/security.md.
/// </summary>
internal static class NodeInstallerDaemonSet
{
    private const string Executable = "/gvisor-node-installer";
    private const string ConfigurationDirectory = "/etc/gvisor-node-installer";
    private const string ConfigurationVolume = "configuration";
    private const string PortName = "http";
    private const string CreatedIfAbsent = "DirectoryOrCreate";
    private const string MustExist = "Directory";

    public static V1DaemonSet For(WorkerPoolInput pool, NodeInstallerConfiguration configuration, V1ConfigMap configMap)
    {
        // The selector of the Go extension, the same for all pools: a selector cannot be changed in place, and a takeover in either direction
        // shall be a rolling update. Pods belong to their DaemonSet by owner reference, and the template's label tells pools apart.
        var selector = new Dictionary<string, string>(StringComparer.Ordinal) { [ShootObjectNames.NameLabel] = ShootObjectNames.Application };
        var reference = ContentHash.ReferenceAnnotation("configmap", configMap.Metadata.Name);
        return new()
        {
            ApiVersion = $"{V1DaemonSet.KubeGroup}/{V1DaemonSet.KubeApiVersion}",
            Kind = V1DaemonSet.KubeKind,
            Metadata = new()
            {
                Name = ShootObjectNames.Installer(configuration.WorkerPool),
                NamespaceProperty = ShootObjectNames.Namespace,
                Labels = WithCriticality(selector, pool.IsCriticalForNode),
                Annotations = new Dictionary<string, string>(StringComparer.Ordinal) { [reference.Key] = reference.Value },
            },
            Spec = new()
            {
                Selector = new() { MatchLabels = selector },
                UpdateStrategy = new() { Type = "RollingUpdate", RollingUpdate = new() { MaxUnavailable = MaxUnavailable(pool) } },
                Template = new()
                {
                    Metadata = new()
                    {
                        Labels = WithCriticality(
                            new Dictionary<string, string>(selector, StringComparer.Ordinal)
                            {
                                [ShootObjectNames.PoolLabel] = configuration.WorkerPool,
                                ["origin"] = "gardener-extension-runtime-gvisor",
                                ["gardener.cloud/role"] = "container-runtime",
                            },
                            pool.IsCriticalForNode),
                        Annotations = new Dictionary<string, string>(StringComparer.Ordinal) { [reference.Key] = reference.Value },
                    },
                    Spec = PodSpec(pool, configuration, configMap),
                },
            },
        };
    }

    /// <summary>
    /// One node of ten at a time; all at once when they uninstall, since the pool does not wait for them for long. A number and no percentage:
    /// the DaemonSet controller rounds a percentage up and Gardener's health check rounds it down, so that small pools would be unhealthy
    /// during every rollout. (Gardener contract 4.7.)
    /// </summary>
    private static IntOrString MaxUnavailable(WorkerPoolInput pool) =>
        pool.DesiredState == DesiredState.Installed ? Math.Max(1, (pool.PoolMaximum ?? 0) / 10) : int.MaxValue;

    private static V1PodSpec PodSpec(WorkerPoolInput pool, NodeInstallerConfiguration configuration, V1ConfigMap configMap)
    {
        var directories = NodeDirectories(configuration).ToArray();
        return new()
        {
            PriorityClassName = "system-node-critical",

            // A restart of containerd that has begun is seen through, and rolled back if it fails.
            TerminationGracePeriodSeconds = 120,
            ServiceAccountName = ShootObjectNames.ServiceAccount,
            AutomountServiceAccountToken = false,
            NodeSelector = NodeSelection.NodeSelector(pool.Selector),
            Affinity = NodeSelection.Affinity(pool.Selector),
            Tolerations =
            [
                new() { Effect = "NoSchedule", OperatorProperty = "Exists" },
                new() { Effect = "NoExecute", OperatorProperty = "Exists" },
            ],
            SecurityContext = new() { SeccompProfile = new() { Type = "RuntimeDefault" } },
            Containers = [Container(pool.Image, configuration, directories)],
            Volumes =
            [
                new() { Name = ConfigurationVolume, ConfigMap = new() { Name = configMap.Metadata.Name } },
                .. directories.Select(directory => new V1Volume
                {
                    Name = directory.Volume,
                    HostPath = new() { Path = directory.Path, Type = directory.Type },
                }),
            ],
        };
    }

    private static V1Container Container(string image, NodeInstallerConfiguration configuration, IEnumerable<NodeDirectory> directories) => new()
    {
        Name = "container-runtime-gvisor-containerd",
        Image = image,
        Command = [Executable, "install", $"--config={ConfigurationDirectory}/{NodeInstallerConfiguration.FileName}"],
        Ports = [new() { Name = PortName, ContainerPort = configuration.HttpPort, Protocol = "TCP" }],
        Resources = new()
        {
            Requests = new Dictionary<string, ResourceQuantity>(StringComparer.Ordinal) { ["cpu"] = new("10m"), ["memory"] = new("32Mi") },
        },

        // Asked in the container itself: nobody on the network can keep the kubelet from its answer.
        LivenessProbe = new()
        {
            Exec = new() { Command = [Executable, "live", $"--config={ConfigurationDirectory}/{NodeInstallerConfiguration.FileName}"] },
            InitialDelaySeconds = 10,
            PeriodSeconds = 30,
            TimeoutSeconds = 10,
            FailureThreshold = 3,
        },
        ReadinessProbe = new() { HttpGet = new() { Path = "/readyz", Port = PortName }, PeriodSeconds = 2, FailureThreshold = 3 },
        SecurityContext = new()
        {
            Privileged = false,
            AllowPrivilegeEscalation = false,
            ReadOnlyRootFilesystem = true,

            // The files belong to root, and systemd and containerd take orders from root only.
            RunAsUser = 0,
            RunAsGroup = 0,
            Capabilities = new() { Drop = ["ALL"] },

            // Where SELinux enforces, a container may reach neither the sockets of containerd and the bus nor /etc.
            SeLinuxOptions = new() { Type = "spc_t" },

            // dbus-daemon asks AppArmor about every message, and the default profile of container runtimes allows none.
            AppArmorProfile = new() { Type = "Unconfined" },
        },
        VolumeMounts =
        [
            new() { Name = ConfigurationVolume, MountPath = ConfigurationDirectory, ReadOnlyProperty = true },
            .. directories.Select(directory => new V1VolumeMount
            {
                Name = directory.Volume,
                MountPath = directory.Path,
                ReadOnlyProperty = directory.IsReadOnly ? true : null,
                MountPropagation = directory.FollowsMountsOfHost ? "HostToContainer" : null,
            }),
        ],
    };

    /// <summary>Directories of the node, each at its own path in the container, so that paths and symbolic links mean the same in both.</summary>
    private static IEnumerable<NodeDirectory> NodeDirectories(NodeInstallerConfiguration configuration)
    {
        yield return new("binaries", configuration.BinaryDirectory, CreatedIfAbsent);
        yield return new("containerd-configuration", "/etc/containerd", CreatedIfAbsent);
        yield return new("state", NodeInstallerConfiguration.StateDirectory, CreatedIfAbsent);

        // The directory and not the socket in it, which every restart of containerd makes anew. Without propagation, the mounts of
        // sandboxes that are there when the pod starts would stay alive in it after the sandboxes have gone.
        yield return new("containerd-runtime", "/run/containerd", MustExist) { IsReadOnly = true, FollowsMountsOfHost = true };
        yield return new("system-bus", "/run/dbus", MustExist) { IsReadOnly = true };
        if (configuration.RunscFlags.Any(flag => flag.Name == "debug"))
        {
            yield return new("debug-logs", RunscFlags.DebugLogDirectory, CreatedIfAbsent);
        }
    }

    private static Dictionary<string, string> WithCriticality(Dictionary<string, string> labels, bool isCritical) => isCritical
        ? new(labels, StringComparer.Ordinal) { ["node.gardener.cloud/critical-component"] = "true" }
        : labels;

    private sealed record NodeDirectory(string Volume, string Path, string Type)
    {
        public bool IsReadOnly { get; init; }

        public bool FollowsMountsOfHost { get; init; }
    }
}
