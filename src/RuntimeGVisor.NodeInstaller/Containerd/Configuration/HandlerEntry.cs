// SPDX-License-Identifier: Apache-2.0

namespace RuntimeGVisor.NodeInstaller.Containerd.Configuration;

/// <summary>
/// The runtime handler that containerd shall serve: the two tables that this program owns in containerd's configuration, and nothing else
/// there.
/// </summary>
/// <param name="Handler">Name of the handler, such as <c>runsc</c>.</param>
/// <param name="ConfigPath">The file that containerd hands to the shim.</param>
internal sealed record HandlerEntry(string Handler, string ConfigPath)
{
    /// <summary>Gardener contract 5.5: containerd finds <c>containerd-shim-runsc-v1</c> of this name on its PATH.</summary>
    public const string RuntimeType = "io.containerd.runsc.v1";

    /// <summary>The kind of options that runsc's shim understands.</summary>
    public const string TypeUrl = "io.containerd.runsc.v1.options";

    // Each of them, when set, makes containerd start something else than the shim on its PATH.
    private static readonly string[] KeysThatRedirect = ["runtime_engine", "runtime_path", "runtime_root"];

    /// <summary>
    /// Whether a table, however it is written, has containerd serve this entry. Keys that others put beside ours and that do not change
    /// which program runs (such as <c>pod_annotations</c>) are theirs to decide.
    /// </summary>
    public bool IsServedBy(TomlTable table) =>
        table.FindString("runtime_type") == RuntimeType
        && KeysThatRedirect.All(key => table.FindString(key) is null or "")
        && table.FindTable("options") is { } options
        && options.FindString("TypeUrl") == TypeUrl
        && options.FindString("ConfigPath") == ConfigPath
        && options.Values.All(pair => pair.Key is "TypeUrl" or "ConfigPath" || pair is { Key: "ConfigBody", Value: "" });

    /// <summary>Reads the <c>ConfigPath</c> of a table that otherwise is an entry of ours; null when it is not.</summary>
    public static string? ConfigPathOf(string handler, TomlTable table) =>
        table.FindTable("options")?.FindString("ConfigPath") is { } path && new HandlerEntry(handler, path).IsServedBy(table) ? path : null;
}
