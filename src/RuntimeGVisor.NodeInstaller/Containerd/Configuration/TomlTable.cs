// SPDX-License-Identifier: Apache-2.0

using System.Diagnostics.CodeAnalysis;
using Tomlyn.Syntax;

namespace RuntimeGVisor.NodeInstaller.Containerd.Configuration;

/// <summary>
/// What a TOML table means, whichever of TOML's spellings (headers, dotted keys, inline tables, any quoting) wrote it. Values are
/// <see cref="TomlTable"/>, lists, strings, integers, booleans, or the text of whatever else there is.
/// </summary>
internal sealed class TomlTable
{
    private readonly SortedDictionary<string, object> _values = new(StringComparer.Ordinal);

    public IReadOnlyDictionary<string, object> Values => _values;

    public bool IsEmpty => _values.Count == 0;

    public static TomlTable From(DocumentSyntax document)
    {
        var root = new TomlTable();
        root.AddAll(document.KeyValues);
        foreach (var table in document.Tables)
        {
            root.Open(TomlDocument.PathOf(table.Name!), table is TableArraySyntax).AddAll(table.Items);
        }

        return root;
    }

    public TomlTable? FindTable(params IEnumerable<string> path)
    {
        var table = this;
        foreach (var part in path)
        {
            if (!table._values.TryGetValue(part, out var value) || value is not TomlTable next)
            {
                return null;
            }

            table = next;
        }

        return table;
    }

    /// <summary>The value at a path, or null.</summary>
    public object? Find(IReadOnlyList<string> path) => FindTable(path.SkipLast(1))?._values.GetValueOrDefault(path[^1]);

    public bool TryGet<T>(string key, [NotNullWhen(true)] out T? value)
    {
        value = _values.TryGetValue(key, out var found) && found is T typed ? typed : default;
        return value is not null;
    }

    public string? FindString(string key) => _values.GetValueOrDefault(key) as string;

    /// <summary>A copy without the table at the path, and without parents that hold nothing else.</summary>
    public TomlTable Without(IReadOnlyList<string> path)
    {
        var copy = new TomlTable();
        foreach (var (key, value) in _values)
        {
            if (key != path[0])
            {
                copy._values.Add(key, value);
            }
            else if (path.Count > 1 && value is TomlTable child && child.Without([.. path.Skip(1)]) is { IsEmpty: false } rest)
            {
                copy._values.Add(key, rest);
            }
        }

        return copy;
    }

    /// <summary>Whether two values mean the same.</summary>
    public static bool SameValue(object left, object right) => (left, right) switch
    {
        (TomlTable a, TomlTable b) => a.SameAs(b),
        (IReadOnlyList<object> a, IReadOnlyList<object> b) => a.Count == b.Count && a.Zip(b).All(pair => SameValue(pair.First, pair.Second)),
        _ => left.Equals(right),
    };

    /// <summary>Whether two tables mean the same.</summary>
    public bool SameAs(TomlTable other) =>
        _values.Count == other._values.Count
        && _values.All(pair => other._values.TryGetValue(pair.Key, out var value) && SameValue(pair.Value, value));

    private TomlTable Open(IReadOnlyList<string> path, bool isArrayElement)
    {
        var table = this;
        for (var index = 0; index < path.Count; index++)
        {
            var isElement = isArrayElement && index == path.Count - 1;
            table = isElement ? table.AddElement(path[index]) : table.OpenChild(path[index]);
        }

        return table;
    }

    private TomlTable OpenChild(string key)
    {
        switch (_values.GetValueOrDefault(key))
        {
            case TomlTable table:
                return table;
            case List<object> { Count: > 0 } list when list[^1] is TomlTable last:
                return last;
            case null:
                var created = new TomlTable();
                _values.Add(key, created);
                return created;
            default:
                throw new FormatException($"not TOML: {key} is a value and a table");
        }
    }

    private TomlTable AddElement(string key)
    {
        if (!_values.TryGetValue(key, out var value))
        {
            value = new List<object>();
            _values.Add(key, value);
        }

        var element = new TomlTable();
        (value as List<object> ?? throw new FormatException($"not TOML: {key} is a value and a list of tables")).Add(element);
        return element;
    }

    private void AddAll(IEnumerable<KeyValueSyntax> items)
    {
        foreach (var item in items)
        {
            var path = TomlDocument.PathOf(item.Key!);
            var table = Open([.. path.SkipLast(1)], isArrayElement: false);
            if (!table._values.TryAdd(path[^1], ValueOf(item.Value!)))
            {
                throw new FormatException($"not TOML: {string.Join('.', path)} appears twice");
            }
        }
    }

    private static object ValueOf(ValueSyntax syntax)
    {
        switch (syntax)
        {
            case StringValueSyntax text:
                return text.Value ?? "";
            case BooleanValueSyntax boolean:
                return boolean.Value;
            case IntegerValueSyntax integer:
                return integer.Value;
            case ArraySyntax array:
                return array.Items.Select(item => ValueOf(item.Value!)).ToList();
            case InlineTableSyntax inline:
                var table = new TomlTable();
                table.AddAll(inline.Items.Select(item => item.KeyValue!));
                return table;
            default:
                return syntax.ToString().Trim();
        }
    }
}
