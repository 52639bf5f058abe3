// SPDX-License-Identifier: Apache-2.0

namespace RuntimeGVisor.NodeInstaller.Containerd.Configuration;

/// <summary>containerd's main configuration file as read: what this program must know of it to decide, and its text to edit.</summary>
internal sealed class ContainerdConfigurationFile
{
    /// <summary>containerd's runtime when a pod names none.</summary>
    public const string DefaultRuntime = "runc";

    private readonly string _plugin;

    private ContainerdConfigurationFile(TomlDocument document, int version, string plugin)
    {
        Document = document;
        Version = version;
        _plugin = plugin;
    }

    public TomlDocument Document { get; }

    /// <summary>The file's <c>version</c>; 1 when it has none.</summary>
    public int Version { get; }

    /// <summary>Path of the table with all runtimes in this file.</summary>
    public IReadOnlyList<string> RuntimesPath => ConfigurationVersion.RuntimesPath(_plugin);

    /// <summary>The file's <c>imports</c> as written.</summary>
    public IReadOnlyList<string> Imports =>
        Document.Root.TryGet<List<object>>("imports", out var imports) ? [.. imports.OfType<string>()] : [];

    /// <summary>Whether runc puts containers below systemd's slices; runsc must do as runc does.</summary>
    public bool RuncUsesSystemdCgroup =>
        FindRuntime(DefaultRuntime)?.FindTable("options") is { } options && options.TryGet<bool>("SystemdCgroup", out var value) && value;

    /// <summary>
    /// Whether writing any runtime into this file makes containerd lose runc. In containerd 1.x the table of runtimes replaces the built-in
    /// one, so it must list runc as well; in 2.x, the only one that reads versions 3 and 4, the two are merged.
    /// </summary>
    public bool NeedsRuncBesideHandler =>
        Version <= 2
        && (Document.Root.FindTable(ParentPath)?.FindString("default_runtime_name") ?? DefaultRuntime) is DefaultRuntime or ""
        && FindRuntime(DefaultRuntime) is null;

    private IEnumerable<string> ParentPath => RuntimesPath.SkipLast(1);

    /// <summary>Reads a file's text.</summary>
    /// <exception cref="ContainerdConfigurationException">The file is empty, no TOML, or of a version that this program does not know.</exception>
    public static ContainerdConfigurationFile Read(ReadOnlySpan<byte> content)
    {
        TomlDocument document;
        try
        {
            document = TomlDocument.Parse(content);
        }
        catch (FormatException exception)
        {
            throw new ContainerdConfigurationException(ContainerdConfigurationProblem.NotToml, exception.Message);
        }

        return Read(document);
    }

    /// <summary>Reads a parsed file.</summary>
    /// <exception cref="ContainerdConfigurationException">The file is empty or of a version that this program does not know.</exception>
    public static ContainerdConfigurationFile Read(TomlDocument document)
    {
        if (string.IsNullOrWhiteSpace(document.Text))
        {
            throw new ContainerdConfigurationException(
                ContainerdConfigurationProblem.Empty, "the file is empty, as it is for a moment while it is being written");
        }

        var written = document.Root.Values.GetValueOrDefault("version", (long)ConfigurationVersion.WhenAbsent);
        return written is long version && ConfigurationVersion.FindPlugin(version) is { } plugin
            ? new(document, (int)version, plugin)
            : throw new ContainerdConfigurationException(
                ContainerdConfigurationProblem.UnknownVersion,
                $"version is {written}; this program knows the versions 1 to 4 (none means 1) and changes nothing in files of others");
    }

    /// <summary>The table of a runtime, or null.</summary>
    public TomlTable? FindRuntime(string handler) => Document.Root.FindTable([.. RuntimesPath, handler]);

    /// <summary>Plugins of other versions below which the file has the handler: containerd ignores what it finds there.</summary>
    public IReadOnlyList<string> FindMisplaced(string handler) =>
    [
        .. ConfigurationVersion.AllPlugins.Where(plugin =>
            plugin != _plugin && Document.Root.FindTable([.. ConfigurationVersion.RuntimesPath(plugin), handler]) is not null),
    ];
}
