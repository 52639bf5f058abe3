// SPDX-License-Identifier: Apache-2.0

using System.Collections.Immutable;
using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace Gardener.Extensions.Images;

/// <summary>The fields of a YAML mapping; notes each one whose shape does not fit.</summary>
internal sealed class YamlFields
{
    private readonly YamlMappingNode _mapping;
    private readonly string _path;
    private readonly List<string> _errors;

    public YamlFields(YamlNode? node, string path, List<string> errors)
    {
        (_path, _errors) = (path, errors);
        _mapping = node as YamlMappingNode ?? [];
        if (node is not YamlMappingNode && !IsNull(node))
        {
            errors.Add($"{(path.Length == 0 ? "the document" : path)}: must be an object");
        }
    }

    public bool Has(string name) => Find(name) is not null;

    public void Reject(string name, string? value, string allowed) =>
        _errors.Add(value is null ? $"{PathOf(name)}: {allowed}" : $"{PathOf(name)}: \"{value}\" is not allowed: {allowed}");

    /// <summary>The field's text as written, whatever YAML would make of it (a tag 1.10 is no number); null when it is absent.</summary>
    public string? Text(string name) => Find(name) is { } node ? TextOf(name, node) : null;

    public ImmutableArray<string>? Texts(string name) =>
        Find(name) is { } node ? [.. Items(name, node).Select(item => TextOf(item.Name, item.Node))] : null;

    public YamlFields? Fields(string name) => Find(name) is { } node ? new(node, PathOf(name), _errors) : null;

    public IEnumerable<YamlFields> List(string name) =>
        Find(name) is { } node ? Items(name, node).Select(item => new YamlFields(item.Node, PathOf(item.Name), _errors)) : [];

    private IEnumerable<(string Name, YamlNode Node)> Items(string name, YamlNode node)
    {
        if (node is YamlSequenceNode sequence)
        {
            return sequence.Children.Select((item, index) => ($"{name}[{index}]", item));
        }

        Reject(name, null, "must be a list");
        return [];
    }

    private string TextOf(string name, YamlNode node)
    {
        if (node is YamlScalarNode { Value: { Length: > 0 } text })
        {
            return text;
        }

        Reject(name, null, "must be a string that is not empty");
        return "";
    }

    private YamlNode? Find(string name) => _mapping.Children.TryGetValue(new YamlScalarNode(name), out var node) && !IsNull(node) ? node : null;

    private string PathOf(string name) => _path.Length == 0 ? name : $"{_path}.{name}";

    private static bool IsNull(YamlNode? node) =>
        node is null or YamlScalarNode { Style: ScalarStyle.Plain, Value: null or "" or "~" or "null" or "Null" or "NULL" };
}
