// SPDX-License-Identifier: Apache-2.0

using System.Globalization;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace Kubernetes.Controllers.Serialization;

/// <summary>A document of a YAML or JSON stream that knows where its fields stand.</summary>
public sealed partial class LocatedDocument
{
    private readonly YamlNode _root;

    internal LocatedDocument(YamlNode root, JsonNode? value) => (_root, Value) = (root, value);

    /// <summary>The content; null for an empty document.</summary>
    public JsonNode? Value { get; }

    /// <summary>Line and column, from 1, of a field; of the last field on the way to it where it is not there.</summary>
    /// <param name="path">Names and numbers, such as <c>spec.workers[1].labels[tier]</c>; a name with other characters is in quotes.</param>
    public (long Line, long Column) PositionOf(string path)
    {
        var (node, position) = (_root, _root.Start);
        foreach (var name in Part().Matches(path).Select(match => match.Value.Trim('"')))
        {
            if (Child(node, name) is not var (child, start))
            {
                break;
            }

            (node, position) = (child, start);
        }

        return (position.Line, position.Column);
    }

    private static (YamlNode Node, Mark Start)? Child(YamlNode node, string name) => node switch
    {
        YamlMappingNode mapping => mapping.Children.Where(pair => pair.Key is YamlScalarNode { Value: { } key } && key == name)
            .Select(pair => ((YamlNode, Mark)?)(pair.Value, pair.Key.Start)).FirstOrDefault(),
        YamlSequenceNode sequence when int.TryParse(name, NumberStyles.None, CultureInfo.InvariantCulture, out var index) && index < sequence.Children.Count =>
            (sequence.Children[index], sequence.Children[index].Start),
        _ => null,
    };

    [GeneratedRegex("\"[^\"]*\"|[^.\\[\\]\"]+", RegexOptions.CultureInvariant | RegexOptions.NonBacktracking)]
    private static partial Regex Part();
}
