// SPDX-License-Identifier: Apache-2.0

using System.Text;

namespace RuntimeGVisor.NodeInstaller.Containerd.Configuration;

/// <summary>
/// Puts the handler into containerd's configuration and takes it out again. In a handler's table that is there already only the values of
/// <see cref="HandlerEntry"/>'s keys are written; all other bytes stay as they are. The result is parsed again and compared before anybody
/// gets to see it.
/// </summary>
internal static class HandlerEditor
{
    /// <summary>The file's text with the handler's entry as desired; the same text when nothing has to change.</summary>
    /// <exception cref="ContainerdConfigurationException">The entry is written in a form that cannot be edited.</exception>
    public static string Set(ContainerdConfigurationFile file, HandlerEntry entry)
    {
        var isServed = file.FindRuntime(entry.Handler) is { } table && entry.IsServedBy(table);
        if (isServed && file.FindMisplaced(entry.Handler).Count == 0 && !file.NeedsRuncBesideHandler)
        {
            return file.Document.Text;
        }

        var moved = MoveToItsPlugin(file, entry.Handler);
        var text = SetKeys(moved, entry);
        Check(moved, text, entry.Handler, others: moved.FindRuntime(entry.Handler) is { } before ? entry.OthersIn(before) : new(), entry);
        return text;
    }

    /// <summary>
    /// The file's text without the handler: its whole table goes, also what others put there, because a table without
    /// <c>runtime_type</c> would have containerd serve the handler with runc. The runc entry that was written for its sake goes with it.
    /// </summary>
    /// <exception cref="ContainerdConfigurationException">The entry is written in a form that cannot be edited.</exception>
    public static string Remove(ContainerdConfigurationFile file, string handler)
    {
        if (file.FindRuntime(handler) is null && file.FindMisplaced(handler).Count == 0)
        {
            return file.Document.Text;
        }

        var (edits, _) = new HandlerTables(file.Document, handler).Cut(ConfigurationVersion.AllPlugins, withMarkedRunc: true);
        var text = TextEdit.Apply(file.Document.Text, edits);
        if (!string.IsNullOrWhiteSpace(text))
        {
            Check(file, text, handler, others: null, entry: null);
        }

        return text;
    }

    private static string SetKeys(ContainerdConfigurationFile file, HandlerEntry entry)
    {
        var tables = new HandlerTables(file.Document, entry.Handler);
        var runc = file.NeedsRuncBesideHandler ? RuncBlock(file) : "";
        var (misplaced, _) = tables.Cut([.. file.FindMisplaced(entry.Handler)], withMarkedRunc: false);
        if (file.FindRuntime(entry.Handler) is not null && tables.Set(file.RuntimesPath[1], entry) is { } edits)
        {
            var edited = TextEdit.Apply(file.Document.Text, [.. misplaced, .. edits]);
            return runc.Length == 0 ? edited : Append(edited, runc, file.Document.NewLine);
        }

        // Not there yet, or in a form that has no room for a missing key: then it is written anew, if nothing of others is in it.
        var (cut, place) = tables.Cut(ConfigurationVersion.AllPlugins, withMarkedRunc: false);
        var block = (runc.Length == 0 ? "" : runc + file.Document.NewLine) + HandlerBlock(file, entry);
        var text = TextEdit.Apply(file.Document.Text, cut);
        return place is { } there ? text.Insert(there, block) : Append(text, block, file.Document.NewLine);
    }

    // Older installers wrote the tables of another version, where containerd does not look: they move with all that is in them.
    private static ContainerdConfigurationFile MoveToItsPlugin(ContainerdConfigurationFile file, string handler) =>
        file.FindRuntime(handler) is null
        && file.FindMisplaced(handler) is [var misplaced]
        && new HandlerTables(file.Document, handler).Move(misplaced, file.RuntimesPath[1]) is { } edits
        && file.TryWith(TextEdit.Apply(file.Document.Text, edits)) is { } moved
        && Others(moved, handler).SameAs(Others(file, handler))
            ? moved
            : file;

    private static string Append(string text, string block, string newLine) => text + (text.EndsWith('\n') ? "" : newLine) + newLine + block;

    private static string RuncBlock(ContainerdConfigurationFile file)
    {
        var table = TomlDocument.HeaderOf([.. file.RuntimesPath, ContainerdConfigurationFile.BuiltInRuntime]);
        return Lines(file, HandlerTables.Marker, $"[{table}]", """  runtime_type = "io.containerd.runc.v2" """.TrimEnd());
    }

    // Keys that need no quotes stay bare: Gardener's own tests look for "containerd.runtimes.runsc" in exactly two lines.
    private static string HandlerBlock(ContainerdConfigurationFile file, HandlerEntry entry)
    {
        var table = TomlDocument.HeaderOf([.. file.RuntimesPath, entry.Handler]);
        return Lines(
            file,
            HandlerTables.Marker,
            $"[{table}]",
            $"  runtime_type = {TomlDocument.Quote(HandlerEntry.RuntimeType)}",
            $"  [{table}.{HandlerEntry.Options}]",
            $"    TypeUrl = {TomlDocument.Quote(HandlerEntry.TypeUrl)}",
            $"    ConfigPath = {TomlDocument.Quote(entry.ConfigPath)}");
    }

    private static string Lines(ContainerdConfigurationFile file, params IEnumerable<string> lines) =>
        lines.Aggregate(new StringBuilder(), (block, line) => block.Append(line).Append(file.Document.NewLine)).ToString();

    // The last word before a text leaves this class: only our own keys may differ.
    private static void Check(ContainerdConfigurationFile before, string text, string handler, TomlTable? others, HandlerEntry? entry)
    {
        if (before.TryWith(text) is not { } after)
        {
            throw NotEditable(handler, "the edited text would be no TOML");
        }

        var table = after.FindRuntime(handler);
        if (!Others(before, handler).SameAs(Others(after, handler)) || after.FindMisplaced(handler).Count > 0 || table is null != entry is null)
        {
            throw NotEditable(handler, "the tables around it are written in a form (inline or dotted) that does not allow it");
        }

        if (entry is not null && !(entry.IsServedBy(table!) && entry.OthersIn(table!).SameAs(others!)))
        {
            throw NotEditable(handler, "its own table is written in a form (inline or dotted) that does not allow it");
        }
    }

    private static ContainerdConfigurationException NotEditable(string handler, string reason) =>
        new(ContainerdConfigurationProblem.NotEditable, $"the handler {handler} cannot be edited without touching other settings: {reason}");

    private static TomlTable Others(ContainerdConfigurationFile file, string handler)
    {
        var others = ConfigurationVersion.AllPlugins.Aggregate(
            file.Document.Root, (table, plugin) => table.Without([.. ConfigurationVersion.RuntimesPath(plugin), handler]));
        var runc = (IReadOnlyList<string>)[.. file.RuntimesPath, ContainerdConfigurationFile.BuiltInRuntime];
        return others.FindTable(runc) is { Values.Count: 1 } table && table.FindString("runtime_type") == "io.containerd.runc.v2"
            ? others.Without(runc)
            : others;
    }
}
