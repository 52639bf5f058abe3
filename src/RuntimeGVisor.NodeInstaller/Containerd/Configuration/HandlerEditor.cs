// SPDX-License-Identifier: Apache-2.0

using System.Text;
using Tomlyn.Syntax;

namespace RuntimeGVisor.NodeInstaller.Containerd.Configuration;

/// <summary>
/// Puts the handler's tables into containerd's configuration and takes them out again. All other bytes stay as they are: the text is cut
/// and appended to, never written anew from a tree, and the result is parsed again and compared before anybody gets to see it.
/// </summary>
internal static class HandlerEditor
{
    // Says where the tables come from and, above runc's, that they may go with the handler's.
    private const string Marker = "# Kept by gvisor-node-installer.";

    /// <summary>The file's text with the handler's entry as wanted; the same text when nothing has to change.</summary>
    /// <exception cref="ContainerdConfigurationException">The entry is written in a form that cannot be edited.</exception>
    public static string Set(ContainerdConfigurationFile file, HandlerEntry entry)
    {
        var isServed = file.FindRuntime(entry.Handler) is { } table && entry.IsServedBy(table);
        if (isServed && file.FindMisplaced(entry.Handler).Count == 0 && !file.NeedsRuncBesideHandler)
        {
            return file.Document.Text;
        }

        var newLine = file.Document.Text.Contains("\r\n", StringComparison.Ordinal) ? "\r\n" : "\n";
        var cut = TextCut.Of(file.Document, path => IsOfHandler(path, entry.Handler), isRemoval: false);
        var text = cut.Insert(Block(file, entry, newLine), newLine);
        Check(file, text, entry.Handler, written => written.FindRuntime(entry.Handler) is { } found && entry.IsServedBy(found));
        return text;
    }

    /// <summary>The file's text without the handler's entry, and without the runc entry that was written for its sake.</summary>
    /// <exception cref="ContainerdConfigurationException">The entry is written in a form that cannot be edited.</exception>
    public static string Remove(ContainerdConfigurationFile file, string handler)
    {
        if (file.FindRuntime(handler) is null && file.FindMisplaced(handler).Count == 0)
        {
            return file.Document.Text;
        }

        var text = TextCut.Of(file.Document, path => IsOfHandler(path, handler), isRemoval: true).Text;
        if (!string.IsNullOrWhiteSpace(text))
        {
            Check(file, text, handler, written => written.FindRuntime(handler) is null && written.FindMisplaced(handler).Count == 0);
        }

        return text;
    }

    private static bool IsOfHandler(IReadOnlyList<string> path, string handler) =>
        path.Count >= 5
        && path[4] == handler
        && ConfigurationVersion.AllPlugins.Any(plugin => path.Take(4).SequenceEqual(ConfigurationVersion.RuntimesPath(plugin)));

    private static string Block(ContainerdConfigurationFile file, HandlerEntry entry, string newLine)
    {
        // Keys that need no quotes stay bare: Gardener's own tests look for "containerd.runtimes.runsc" in exactly two lines.
        var runtimes = $"""plugins.{QuotedUnlessBare(file.RuntimesPath[1])}.containerd.runtimes""";
        var block = new StringBuilder();
        if (file.NeedsRuncBesideHandler)
        {
            block.Append($"""
                {Marker}
                [{runtimes}.{ContainerdConfigurationFile.DefaultRuntime}]
                  runtime_type = "io.containerd.runc.v2"


                """);
        }

        block.Append($"""
            {Marker}
            [{runtimes}.{entry.Handler}]
              runtime_type = "{HandlerEntry.RuntimeType}"
              [{runtimes}.{entry.Handler}.options]
                TypeUrl = "{HandlerEntry.TypeUrl}"
                ConfigPath = "{entry.ConfigPath}"

            """);
        return block.Replace("\r\n", "\n").Replace("\n", newLine).ToString();
    }

    private static string QuotedUnlessBare(string key) => BareKeySyntax.IsBareKey(key) ? key : $"\"{key}\"";

    // The last word before a text leaves this class: only our own tables may differ.
    private static void Check(ContainerdConfigurationFile before, string text, string handler, Func<ContainerdConfigurationFile, bool> isAsWanted)
    {
        ContainerdConfigurationFile after;
        try
        {
            after = ContainerdConfigurationFile.Read(TomlDocument.Parse(text));
        }
        catch (FormatException exception)
        {
            throw NotEditable(handler, $"the edited text would be {exception.Message}");
        }

        if (!isAsWanted(after) || !Others(before, handler).SameAs(Others(after, handler)))
        {
            throw NotEditable(handler, "the tables around it are written in a form (inline or dotted) that does not allow it");
        }
    }

    private static ContainerdConfigurationException NotEditable(string handler, string reason) =>
        new(ContainerdConfigurationProblem.NotEditable, $"the handler {handler} cannot be edited without touching other settings: {reason}");

    private static TomlTable Others(ContainerdConfigurationFile file, string handler)
    {
        var others = ConfigurationVersion.AllPlugins.Aggregate(
            file.Document.Root, (table, plugin) => table.Without([.. ConfigurationVersion.RuntimesPath(plugin), handler]));
        var runc = (IReadOnlyList<string>)[.. file.RuntimesPath, ContainerdConfigurationFile.DefaultRuntime];
        return others.FindTable(runc) is { Values.Count: 1 } table && table.FindString("runtime_type") == "io.containerd.runc.v2"
            ? others.Without(runc)
            : others;
    }

    /// <summary>A text with some of its tables cut out, and the place where the first of them stood.</summary>
    private sealed record TextCut(string Text, int? Place)
    {
        public static TextCut Of(TomlDocument document, Func<IReadOnlyList<string>, bool> isCut, bool isRemoval)
        {
            var text = document.Text;
            var ranges = new List<(int Start, int End)>();
            int? place = null;
            foreach (var table in document.Syntax.Tables)
            {
                var path = TomlTable.PathOf(table.Name!);
                var start = LineStart(text, table.OpenBracket!.Span.Start.Offset);
                var marked = MarkerStart(text, start, withBlankLine: isRemoval);
                if (isCut(path) || (isRemoval && marked < start && IsRunc(path)))
                {
                    place ??= marked;
                    ranges.Add((marked, LineEnd(text, EndOf(table))));
                }
                else
                {
                    ranges.AddRange(KeysIn(text, table.Items, path, isCut));
                }
            }

            ranges.AddRange(KeysIn(text, document.Syntax.KeyValues, [], isCut));
            foreach (var (start, end) in ranges.OrderByDescending(range => range.Start))
            {
                text = text.Remove(start, end - start);
            }

            return new(text, ranges.Any(range => range.Start < place) ? null : place);
        }

        public string Insert(string block, string newLine)
        {
            if (Place is { } place)
            {
                return Text.Insert(place, block);
            }

            var separator = Text.EndsWith('\n') ? "" : newLine;
            return Text + separator + newLine + block;
        }

        private static IEnumerable<(int Start, int End)> KeysIn(
            string text, SyntaxList<KeyValueSyntax> items, IReadOnlyList<string> table, Func<IReadOnlyList<string>, bool> isCut) =>
            items.Where(item => isCut([.. table, .. TomlTable.PathOf(item.Key!)]))
                .Select(item => (LineStart(text, item.Key!.Span.Start.Offset), LineEnd(text, EndOf(item))));

        private static bool IsRunc(IReadOnlyList<string> path) => path.Count == 5 && path[4] == ContainerdConfigurationFile.DefaultRuntime;

        // A table ends with its last key: what follows up to the next header (comments, blank lines) belongs to whoever wrote it.
        private static int EndOf(TableSyntaxBase table) =>
            table.Items.LastOrDefault() is { } last ? EndOf(last) : table.CloseBracket!.Span.End.Offset;

        private static int EndOf(KeyValueSyntax item) => item.Value!.Span.End.Offset;

        private static int LineStart(string text, int offset) => offset == 0 ? 0 : text.LastIndexOf('\n', offset - 1) + 1;

        private static int LineEnd(string text, int offset) =>
            text.IndexOf('\n', Math.Min(offset, text.Length)) is >= 0 and var end ? end + 1 : text.Length;

        // Our marker goes with its table; when the table goes for good, so does the blank line that was put before it.
        private static int MarkerStart(string text, int tableStart, bool withBlankLine)
        {
            var start = PreviousLine(text, tableStart);
            if (text.AsSpan(start, tableStart - start).Trim() is not Marker)
            {
                return tableStart;
            }

            var blank = PreviousLine(text, start);
            return withBlankLine && text.AsSpan(blank, start - blank).IsWhiteSpace() ? blank : start;
        }

        private static int PreviousLine(string text, int lineStart) => lineStart == 0 ? 0 : LineStart(text, lineStart - 1);
    }
}
