// SPDX-License-Identifier: Apache-2.0

using System.Text.Json.Nodes;
using Node.Tests.Cri;
using RuntimeGVisor.NodeConfiguration;

namespace Node.Tests.TestBed;

/// <summary>A directory of the node in the installer's container, at the node's own path.</summary>
internal sealed record NodeMount(string Path, bool IsReadOnly, bool FollowsMountsOfNode);

/// <summary>
/// What the installer's container may see and do of the node: the same as in the DaemonSet. The tests hand it to runc directly, which needs
/// no containerd, or to containerd as a pod.
/// </summary>
internal static class InstallerContainer
{
    public const string ConfigurationDirectory = "/etc/gvisor-node-installer";

    public const string Executable = "/gvisor-node-installer";

    /// <summary>All that it sees of the node.</summary>
    public static IReadOnlyList<NodeMount> NodeMounts { get; } =
    [
        new(TestNode.BinaryDirectory, IsReadOnly: false, FollowsMountsOfNode: false),
        new("/etc/containerd", IsReadOnly: false, FollowsMountsOfNode: false),
        new("/var/lib/gvisor-node-installer", IsReadOnly: false, FollowsMountsOfNode: false),
        new("/run/containerd", IsReadOnly: true, FollowsMountsOfNode: true),
        new("/run/dbus", IsReadOnly: true, FollowsMountsOfNode: false),
    ];

    /// <summary>The container as a pod's.</summary>
    public static PodContainer ToPodContainer(string image, string configurationDirectory) => new()
    {
        Image = image,
        Command = [Executable, "install", $"--config={ConfigurationDirectory}/{NodeInstallerConfiguration.FileName}"],
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
        string root, string configurationDirectory, IEnumerable<string> arguments, IReadOnlyDictionary<string, string> environment)
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

        return new JsonObject
        {
            ["ociVersion"] = "1.0.2",
            ["process"] = new JsonObject
            {
                ["user"] = new JsonObject { ["uid"] = 0, ["gid"] = 0 },
                ["args"] = Strings([Executable, .. arguments]),
                ["env"] = Strings([.. environment.Select(variable => $"{variable.Key}={variable.Value}")]),
                ["cwd"] = "/",
                ["noNewPrivileges"] = true,
                ["capabilities"] = new JsonObject(),
            },
            ["root"] = new JsonObject { ["path"] = root, ["readonly"] = true },
            ["mounts"] = mounts,
            ["linux"] = new JsonObject
            {
                ["namespaces"] = new JsonArray(
                    new[] { "pid", "ipc", "uts", "mount" }.Select(type => (JsonNode)new JsonObject { ["type"] = type }).ToArray()),
                ["rootfsPropagation"] = "rslave",
            },
        }.ToJsonString();
    }

    private static JsonObject RuncMount(string destination, string type, string source, params string[] options) =>
        new() { ["destination"] = destination, ["type"] = type, ["source"] = source, ["options"] = Strings(options) };

    private static JsonArray Strings(string[] values) => new(values.Select(value => (JsonNode)value).ToArray());
}
