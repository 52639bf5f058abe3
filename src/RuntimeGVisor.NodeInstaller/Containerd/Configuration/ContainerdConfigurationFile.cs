// SPDX-License-Identifier: Apache-2.0

namespace RuntimeGVisor.NodeInstaller.Containerd.Configuration;

/// <summary>
/// One of containerd's configuration files, or what <c>containerd config dump</c> made of all of them: what this program must know of it
/// to decide, and its text to edit.
/// </summary>
internal sealed class ContainerdConfigurationFile
{
    /// <summary>The runtime that containerd has without any configuration.</summary>
    public const string BuiltInRuntime = "runc";

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

    /// <summary>Whether the file says of which version it is. Without, it depends on containerd which table names count.</summary>
    public bool HasVersion => Document.Root.Values.ContainsKey("version");

    /// <summary>Path of the table with all runtimes in this file.</summary>
    public IReadOnlyList<string> RuntimesPath => ConfigurationVersion.RuntimesPath(_plugin);

    /// <summary>The file's <c>imports</c> as written.</summary>
    public IReadOnlyList<string> Imports =>
        Document.Root.TryGet<List<object>>("imports", out var imports) ? [.. imports.OfType<string>()] : [];

    /// <summary>The runtime of pods that name none.</summary>
    public string DefaultRuntime =>
        Document.Root.Find([.. RuntimesPath.SkipLast(1), "default_runtime_name"]) is string { Length: > 0 } name ? name : BuiltInRuntime;

    /// <summary>Whether the default runtime puts containers below systemd's slices; runsc must do as the node's pods do.</summary>
    public bool UsesSystemdCgroup => FindRuntime(DefaultRuntime)?.Find(["options", "SystemdCgroup"]) is true;

    /// <summary>
    /// Whether writing any runtime into this file makes containerd lose runc. In containerd 1.x the table of runtimes replaces the built-in
    /// one, so it must list runc as well; in 2.x, the only one that reads the tables of version 3, the two are merged.
    /// </summary>
    public bool NeedsRuncBesideHandler =>
        _plugin != ConfigurationVersion.FindPlugin(3) && DefaultRuntime == BuiltInRuntime && FindRuntime(BuiltInRuntime) is null;

    /// <summary>Names of the runtimes of a type.</summary>
    public IEnumerable<string> RuntimesOf(string type) =>
        Document.Root.FindTable(RuntimesPath) is { } runtimes
            ? runtimes.Values.Where(pair => pair.Value is TomlTable table && table.FindString("runtime_type") == type).Select(pair => pair.Key)
            : [];

    /// <summary>Reads a file's bytes.</summary>
    /// <exception cref="ContainerdConfigurationException">The file is empty, no TOML, or of a version that this program does not know.</exception>
    public static ContainerdConfigurationFile Read(ReadOnlySpan<byte> content)
    {
        try
        {
            return Read(TomlDocument.Parse(content));
        }
        catch (FormatException exception)
        {
            throw new ContainerdConfigurationException(ContainerdConfigurationProblem.NotToml, exception.Message);
        }
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

    /// <summary>
    /// The same file, read as the node's containerd reads it. Which table names count in a file without <c>version</c> depends on the
    /// release: 1.x knows those of versions 1 and 2, 2.1 those of version 3 only, 2.3 all.
    /// </summary>
    /// <param name="dump">What <c>containerd config dump</c> prints for this file.</param>
    public ContainerdConfigurationFile ReadLike(ContainerdConfigurationFile dump)
    {
        if (HasVersion)
        {
            return this;
        }

        var effective = dump.Document.Root.FindTable("plugins", dump._plugin);
        var reaching = ConfigurationVersion.AllPlugins.LastOrDefault(plugin =>
            Document.Root.FindTable("plugins", plugin) is { } section && Reaches(section, effective));
        return new(Document, Version, reaching ?? (dump.Version <= 2 ? _plugin : dump._plugin));
    }

    /// <summary>The file with another text, or null when that is no TOML or of an unknown version.</summary>
    public ContainerdConfigurationFile? TryWith(string text)
    {
        try
        {
            var document = TomlDocument.Parse(text);
            return document.Root.Values.GetValueOrDefault("version", (long)ConfigurationVersion.WhenAbsent) is long version && version == Version
                ? new(document, Version, _plugin)
                : null;
        }
        catch (FormatException)
        {
            return null;
        }
    }

    /// <summary>The table of a runtime, or null.</summary>
    public TomlTable? FindRuntime(string handler) => Document.Root.FindTable([.. RuntimesPath, handler]);

    /// <summary>Plugins of other versions below which the file has the handler: containerd ignores what it finds there.</summary>
    public IReadOnlyList<string> FindMisplaced(string handler) =>
    [
        .. ConfigurationVersion.AllPlugins.Where(plugin =>
            plugin != _plugin && Document.Root.FindTable([.. ConfigurationVersion.RuntimesPath(plugin), handler]) is not null),
    ];

    // Whether something that a file says arrived in what containerd made of it.
    private static bool Reaches(TomlTable table, TomlTable? effective) =>
        effective is not null
        && table.Values.Any(pair => effective.Values.TryGetValue(pair.Key, out var value)
            && (pair.Value is TomlTable child && value is TomlTable other ? Reaches(child, other) : TomlTable.SameValue(pair.Value, value)));
}
