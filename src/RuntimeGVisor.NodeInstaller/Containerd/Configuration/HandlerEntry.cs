// SPDX-License-Identifier: Apache-2.0

namespace RuntimeGVisor.NodeInstaller.Containerd.Configuration;

/// <summary>The runtime handler that containerd shall serve. Of the handler's tables only the keys named here are this program's.</summary>
/// <param name="Handler">Name of the handler, such as <c>runsc</c>.</param>
/// <param name="ConfigPath">The file that containerd hands to the shim.</param>
internal sealed record HandlerEntry(string Handler, string ConfigPath)
{
    /// <summary>Gardener contract 5.5: containerd finds <c>containerd-shim-runsc-v1</c> of this name on its PATH.</summary>
    public const string RuntimeType = "io.containerd.runsc.v1";

    /// <summary>The kind of options that runsc's shim understands.</summary>
    public const string TypeUrl = "io.containerd.runsc.v1.options";

    /// <summary>Name of the table below the handler's with what the shim is told.</summary>
    public const string Options = "options";

    /// <summary>The keys that must have a value, by their path below the handler's table.</summary>
    public IReadOnlyList<(IReadOnlyList<string> Path, string Value)> Settings =>
    [
        (["runtime_type"], RuntimeType),
        ([Options, "TypeUrl"], TypeUrl),
        ([Options, "ConfigPath"], ConfigPath),
    ];

    /// <summary>The keys that must be empty or missing: each has containerd start another program, or with another configuration.</summary>
    public static IReadOnlyList<IReadOnlyList<string>> Redirections { get; } =
        [["runtime_engine"], ["runtime_path"], ["runtime_root"], [Options, "BinaryName"], [Options, "ConfigBody"]];

    /// <summary>
    /// Whether a table, however it is written, has containerd serve this entry. All other keys in it, such as <c>pod_annotations</c>,
    /// <c>snapshotter</c> or <c>base_runtime_spec</c>, belong to whoever wrote them.
    /// </summary>
    public bool IsServedBy(TomlTable table) =>
        Settings.All(setting => table.Find(setting.Path) is string value && value == setting.Value)
        && Redirections.All(path => table.Find(path) is null or "");

    /// <summary>What a handler's table has besides this program's keys.</summary>
    public TomlTable OthersIn(TomlTable table) =>
        Settings.Select(setting => setting.Path).Concat(Redirections).Aggregate(table, (rest, path) => rest.Without(path));
}
