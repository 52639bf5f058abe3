// SPDX-License-Identifier: Apache-2.0

using Tomlyn.Syntax;

namespace RuntimeGVisor.NodeInstaller.Containerd.Configuration;

/// <summary>Where in a configuration's text the tables and keys of one handler stand, however they are written.</summary>
internal sealed class HandlerTables(TomlDocument document, string handler)
{
    /// <summary>Written above each table that this program added.</summary>
    public const string Marker = "# Kept by gvisor-node-installer.";

    private readonly string _text = document.Text;

    /// <summary>Gives the values of keys below the handler's table their new content, and adds the keys that are missing.</summary>
    /// <returns>The edits, or null when a missing key has no place of its own (inline or dotted tables).</returns>
    public IReadOnlyList<TextEdit>? Set(string plugin, HandlerEntry entry)
    {
        var items = document.Items()
            .Where(item => IsOfHandler(item.Path, plugin))
            .ToDictionary(item => string.Join('\0', item.Path.Skip(5)), item => item.Value);
        var edits = new List<TextEdit>();
        var missing = new List<(IReadOnlyList<string> Path, string Value)>();
        foreach (var (path, value) in entry.Settings.Concat(HandlerEntry.Redirections.Select(path => (path, ""))))
        {
            if (items.TryGetValue(string.Join('\0', path), out var found))
            {
                if ((found as StringValueSyntax)?.Value != value)
                {
                    edits.Add(new(found.Span.Start.Offset, found.Span.Length, TomlDocument.Quote(value)));
                }
            }
            else if (value.Length > 0)
            {
                missing.Add((path, value));
            }
        }

        return AddMissing(plugin, missing) is { } added ? [.. edits, .. added] : null;
    }

    /// <summary>The edits that name another plugin in the headers of the handler's tables; null when not all of it is in such tables.</summary>
    public IReadOnlyList<TextEdit>? Move(string plugin, string toPlugin)
    {
        var own = document.Syntax.Tables.ToLookup(table => IsOfHandler(TomlDocument.PathOf(table.Name!), plugin));
        var keysElsewhere = own[false]
            .SelectMany(table => CutKeys(table.Items, TomlDocument.PathOf(table.Name!), [plugin]))
            .Concat(CutKeys(document.Syntax.KeyValues, [], [plugin]));
        var names = own[true].Select(table => table.Name!.DotKeys.First().Key!.Span);
        return keysElsewhere.Any()
            ? null
            : [.. names.Select(name => new TextEdit(name.Start.Offset, name.Length, TomlDocument.QuotedUnlessBare(toPlugin)))];
    }

    /// <summary>Cuts the handler's tables and keys below some plugins.</summary>
    /// <param name="plugins">Names of the plugins.</param>
    /// <param name="withMarkedRunc">Whether the table of runc goes as well that this program wrote for the handler's sake.</param>
    /// <returns>The edits, and the place of the first table that goes.</returns>
    public (IReadOnlyList<TextEdit> Edits, int? Place) Cut(IReadOnlyList<string> plugins, bool withMarkedRunc)
    {
        var edits = new List<TextEdit>();
        int? place = null;
        foreach (var table in document.Syntax.Tables)
        {
            var path = TomlDocument.PathOf(table.Name!);
            var start = LineStart(table.OpenBracket!.Span.Start.Offset);
            var marked = MarkerStart(start, withBlankLine: withMarkedRunc);
            if (plugins.Any(plugin => IsOfHandler(path, plugin)) || (withMarkedRunc && marked < start && IsOurRunc(table, path)))
            {
                place ??= marked;
                edits.Add(CutLines(marked, EndOf(table)));
            }
            else
            {
                edits.AddRange(CutKeys(table.Items, path, plugins));
            }
        }

        edits.AddRange(CutKeys(document.Syntax.KeyValues, [], plugins));
        return (edits, edits.Any(edit => edit.Start < place) ? null : place);
    }

    private IReadOnlyList<TextEdit>? AddMissing(string plugin, List<(IReadOnlyList<string> Path, string Value)> missing)
    {
        var edits = new List<TextEdit>();
        var own = FindTable(plugin, []);
        var options = FindTable(plugin, [HandlerEntry.Options]);
        var direct = missing.Where(setting => setting.Path.Count == 1).ToList();
        var optional = missing.Where(setting => setting.Path.Count > 1).ToList();
        if ((direct.Count > 0 && own is null) || (optional.Count > 0 && options is null && (own is null || HasOptions(own))))
        {
            return null;
        }

        if (direct.Count > 0)
        {
            edits.Add(AddBelowHeader(own!, direct));
        }

        if (optional.Count > 0)
        {
            edits.Add(options is not null ? AddBelowHeader(options, optional) : AddTable(own!, plugin, optional));
        }

        return edits;
    }

    private TextEdit AddBelowHeader(TableSyntaxBase table, IEnumerable<(IReadOnlyList<string> Path, string Value)> settings)
    {
        var header = table.OpenBracket!.Span.Start.Offset;
        var indent = table.Items.FirstOrDefault() is { } first ? IndentOf(first.Key!.Span.Start.Offset) : IndentOf(header) + "  ";
        return InsertAfterLine(table.CloseBracket!.Span.End.Offset, Lines(settings, indent));
    }

    private TextEdit AddTable(TableSyntaxBase own, string plugin, IEnumerable<(IReadOnlyList<string> Path, string Value)> settings)
    {
        var indent = IndentOf(own.OpenBracket!.Span.Start.Offset) + "  ";
        var header = $"{indent}[{TomlDocument.HeaderOf([.. ConfigurationVersion.RuntimesPath(plugin), handler, HandlerEntry.Options])}]";
        return InsertAfterLine(EndOf(own), [header, .. Lines(settings, indent + "  ")]);
    }

    private static IEnumerable<string> Lines(IEnumerable<(IReadOnlyList<string> Path, string Value)> settings, string indent) =>
        settings.Select(setting => $"{indent}{setting.Path[^1]} = {TomlDocument.Quote(setting.Value)}");

    private TextEdit InsertAfterLine(int offset, IEnumerable<string> lines)
    {
        var newLine = document.NewLine;
        var place = LineEnd(offset);
        var text = string.Concat(lines.Select(line => line + newLine));
        return new(place, 0, place > 0 && _text[place - 1] == '\n' ? text : newLine + text);
    }

    private TableSyntaxBase? FindTable(string plugin, IReadOnlyList<string> below) =>
        document.Syntax.Tables.OfType<TableSyntax>().FirstOrDefault(table =>
            TomlDocument.PathOf(table.Name!).SequenceEqual([.. ConfigurationVersion.RuntimesPath(plugin), handler, .. below]));

    private static bool HasOptions(TableSyntaxBase table) => table.Items.Any(item => TomlDocument.PathOf(item.Key!)[0] == HandlerEntry.Options);

    private bool IsOfHandler(IReadOnlyList<string> path, string plugin) =>
        path.Count >= 5 && path[4] == handler && path.Take(4).SequenceEqual(ConfigurationVersion.RuntimesPath(plugin));

    // Somebody may have put more into the table that was written for the handler's sake: then it is his.
    private bool IsOurRunc(TableSyntaxBase table, IReadOnlyList<string> path) =>
        path.Count == 5
        && path[4] == ContainerdConfigurationFile.BuiltInRuntime
        && table.Items.Count() == 1
        && !document.Syntax.Tables.Any(other =>
            TomlDocument.PathOf(other.Name!) is { Count: > 5 } below && below.Take(5).SequenceEqual(path));

    private IEnumerable<TextEdit> CutKeys(SyntaxList<KeyValueSyntax> items, IReadOnlyList<string> table, IReadOnlyList<string> plugins) =>
        items.Where(item => plugins.Any(plugin => IsOfHandler([.. table, .. TomlDocument.PathOf(item.Key!)], plugin)))
            .Select(item => CutLines(LineStart(item.Key!.Span.Start.Offset), EndOf(item)));

    private TextEdit CutLines(int start, int endOffset) => new(start, LineEnd(endOffset) - start, "");

    // A table ends with its last key: what follows up to the next header (comments, blank lines) belongs to whoever wrote it.
    private static int EndOf(TableSyntaxBase table) =>
        table.Items.LastOrDefault() is { } last ? EndOf(last) : table.CloseBracket!.Span.End.Offset;

    private static int EndOf(KeyValueSyntax item) => item.Value!.Span.End.Offset;

    private string IndentOf(int offset)
    {
        var start = LineStart(offset);
        return _text[start..offset] is var before && string.IsNullOrWhiteSpace(before) ? before : "";
    }

    private int LineStart(int offset) => offset == 0 ? 0 : _text.LastIndexOf('\n', offset - 1) + 1;

    private int LineEnd(int offset) => _text.IndexOf('\n', Math.Min(offset, _text.Length)) is >= 0 and var end ? end + 1 : _text.Length;

    // Our marker goes with its table; when the table goes for good, so does the blank line that was put before it.
    private int MarkerStart(int tableStart, bool withBlankLine)
    {
        var start = PreviousLine(tableStart);
        if (_text.AsSpan(start, tableStart - start).Trim() is not Marker)
        {
            return tableStart;
        }

        var blank = PreviousLine(start);
        return withBlankLine && _text.AsSpan(blank, start - blank).IsWhiteSpace() ? blank : start;
    }

    private int PreviousLine(int lineStart) => lineStart == 0 ? 0 : LineStart(lineStart - 1);
}
