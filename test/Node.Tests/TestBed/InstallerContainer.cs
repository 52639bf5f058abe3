// SPDX-License-Identifier: Apache-2.0

using System.Text.Json.Nodes;

namespace Node.Tests.TestBed;

/// <summary>
/// What the installer's container may see and do of the node: the same as in the DaemonSet. The tests hand it to runc directly, which needs
/// no containerd, or to containerd as a pod.
/// </summary>
internal static class InstallerContainer
{
    public const string ConfigurationDirectory = "/etc/gvisor-node-installer";

    /// <summary>The node's directories that the container sees, all at the node's own paths.</summary>
    public static IReadOnlyList<string> NodeDirectories { get; } =
    [
        "/etc/containerd",
        "/var/bin/containerruntimes",
        "/var/lib/gvisor-node-installer",
        "/run/containerd",
        "/run/dbus",
    ];

    /// <summary>The capabilities that are left to it.</summary>
    public static IReadOnlyList<string> Capabilities { get; } = [];

    /// <summary>The container as runc's config.json.</summary>
    public static string ToRuncSpecification(
        string root, string configurationDirectory, IEnumerable<string> arguments, IReadOnlyDictionary<string, string> environment)
    {
        var mounts = new JsonArray
        {
            Mount("/proc", "proc", "proc"),
            Mount("/dev", "tmpfs", "tmpfs", "nosuid", "strictatime", "mode=755", "size=65536k"),
            Mount("/sys", "sysfs", "sysfs", "nosuid", "noexec", "nodev", "ro"),
            Mount(ConfigurationDirectory, "bind", configurationDirectory, "rbind", "ro"),
        };
        foreach (var directory in NodeDirectories)
        {
            mounts.Add((JsonNode)Mount(directory, "bind", directory, "rbind", "rw"));
        }

        var capabilities = Capabilities.Select(name => $"CAP_{name}").ToArray();
        return new JsonObject
        {
            ["ociVersion"] = "1.0.2",
            ["process"] = new JsonObject
            {
                ["user"] = new JsonObject { ["uid"] = 0, ["gid"] = 0 },
                ["args"] = Strings(["/gvisor-node-installer", .. arguments]),
                ["env"] = Strings([.. environment.Select(variable => $"{variable.Key}={variable.Value}")]),
                ["cwd"] = "/",
                ["noNewPrivileges"] = true,
                ["capabilities"] = new JsonObject
                {
                    ["bounding"] = Strings(capabilities),
                    ["effective"] = Strings(capabilities),
                    ["permitted"] = Strings(capabilities),
                },
            },
            ["root"] = new JsonObject { ["path"] = root, ["readonly"] = true },
            ["mounts"] = mounts,
            ["linux"] = new JsonObject
            {
                ["namespaces"] = new JsonArray(
                    new[] { "pid", "ipc", "uts", "mount" }.Select(type => (JsonNode)new JsonObject { ["type"] = type }).ToArray()),
            },
        }.ToJsonString();
    }

    private static JsonObject Mount(string destination, string type, string source, params string[] options) =>
        new() { ["destination"] = destination, ["type"] = type, ["source"] = source, ["options"] = Strings(options) };

    private static JsonArray Strings(string[] values) => new(values.Select(value => (JsonNode)value).ToArray());
}
