// SPDX-License-Identifier: Apache-2.0

using System.Text.Json.Nodes;
using NodeTestBed.Cri;
using RuntimeGVisor.Shoot;
using k8s.Models;

namespace NodeTestBed;

/// <summary>A directory of the node in the installer's container, at the node's own path.</summary>
public sealed record NodeMount(string Path, bool IsReadOnly, bool FollowsMountsOfNode);

/// <summary>
/// What the installer's container may see and do of the node, taken from the DaemonSet that the extension deploys. The tests hand it to runc
/// directly, which needs no containerd, or to containerd as a pod.
/// </summary>
public static class InstallerContainer
{
    private static readonly V1PodSpec DaemonSetPod = ShootObjects
        .ForWorkerPool(new() { PoolName = "pool-a", BinaryPath = TestNode.BinaryDirectory, Image = "localhost/installer:test" })
        .Objects.OfType<V1DaemonSet>().Single().Spec.Template.Spec;

    private static readonly V1Container Container = DaemonSetPod.Containers.Single();

    /// <summary>All that it sees of the node.</summary>
    public static IReadOnlyList<NodeMount> NodeMounts { get; } =
    [
        .. from mount in Container.VolumeMounts
           join volume in DaemonSetPod.Volumes on mount.Name equals volume.Name
           where volume.HostPath is not null && volume.HostPath.Path == mount.MountPath
           select new NodeMount(mount.MountPath, mount.ReadOnlyProperty ?? false, mount.MountPropagation == "HostToContainer"),
    ];

    private static string ConfigurationDirectory { get; } = (
        from mount in Container.VolumeMounts
        join volume in DaemonSetPod.Volumes on mount.Name equals volume.Name
        where volume.ConfigMap is not null
        select mount.MountPath).Single();

    private static string[] Capabilities { get; } = Container.SecurityContext.Capabilities.Drop.Contains("ALL")
        ? [.. Container.SecurityContext.Capabilities.Add ?? []]
        : throw new InvalidOperationException("the DaemonSet leaves the default capabilities to its container");

    /// <summary>The container as a pod's.</summary>
    public static PodContainer ToPodContainer(string image, string configurationDirectory) => new()
    {
        Image = image,
        Command = [.. Container.Command],
        Capabilities = Capabilities,
        Restricted = true,
        Mounts =
        [
            new() { HostPath = configurationDirectory, ContainerPath = ConfigurationDirectory, Readonly = true },
            .. NodeMounts.Select(mount => new Mount
            {
                HostPath = mount.Path,
                ContainerPath = mount.Path,
                Readonly = mount.IsReadOnly,
                Propagation = mount.FollowsMountsOfNode ? MountPropagation.HostToContainer : MountPropagation.Private,
            }),
        ],
    };

    /// <summary>The container as runc's config.json.</summary>
    public static string ToRuncSpecification(
        string root, string configurationDirectory, IEnumerable<string> arguments, IReadOnlyDictionary<string, int> refusedCalls)
    {
        var mounts = new JsonArray
        {
            RuncMount("/proc", "proc", "proc"),
            RuncMount("/dev", "tmpfs", "tmpfs", "nosuid", "strictatime", "mode=755", "size=65536k"),
            RuncMount("/sys", "sysfs", "sysfs", "nosuid", "noexec", "nodev", "ro"),
            RuncMount(ConfigurationDirectory, "bind", configurationDirectory, "rbind", "ro"),
        };
        foreach (var mount in NodeMounts)
        {
            string[] options = ["rbind", mount.IsReadOnly ? "ro" : "rw", mount.FollowsMountsOfNode ? "rslave" : "rprivate"];
            mounts.Add((JsonNode)RuncMount(mount.Path, "bind", mount.Path, options));
        }

        var capabilities = Capabilities.Select(name => $"CAP_{name}").ToArray();
        return new JsonObject
        {
            ["ociVersion"] = "1.0.2",
            ["process"] = new JsonObject
            {
                ["user"] = new JsonObject { ["uid"] = 0, ["gid"] = 0 },
                ["args"] = Strings([Container.Command[0], .. arguments]),
                ["env"] = new JsonArray(),
                ["cwd"] = "/",
                ["noNewPrivileges"] = Container.SecurityContext.AllowPrivilegeEscalation == false,
                ["capabilities"] = new JsonObject
                {
                    ["bounding"] = Strings(capabilities),
                    ["effective"] = Strings(capabilities),
                    ["permitted"] = Strings(capabilities),
                },
            },
            ["root"] = new JsonObject { ["path"] = root, ["readonly"] = Container.SecurityContext.ReadOnlyRootFilesystem ?? false },
            ["mounts"] = mounts,
            ["linux"] = new JsonObject
            {
                ["namespaces"] = new JsonArray(
                    new[] { "pid", "ipc", "uts", "mount" }.Select(type => (JsonNode)new JsonObject { ["type"] = type }).ToArray()),
                ["rootfsPropagation"] = "rslave",
                ["seccomp"] = new JsonObject
                {
                    ["defaultAction"] = "SCMP_ACT_ALLOW",
                    ["syscalls"] = new JsonArray(
                    [
                        .. refusedCalls.Select(call => new JsonObject
                        {
                            ["names"] = Strings([call.Key]),
                            ["action"] = "SCMP_ACT_ERRNO",
                            ["errnoRet"] = call.Value,
                        }),
                    ]),
                },
            },
        }.ToJsonString();
    }

    private static JsonObject RuncMount(string destination, string type, string source, params string[] options) =>
        new() { ["destination"] = destination, ["type"] = type, ["source"] = source, ["options"] = Strings(options) };

    private static JsonArray Strings(string[] values) => new(values.Select(value => (JsonNode)value).ToArray());
}
