// SPDX-License-Identifier: Apache-2.0

using System.Collections.Immutable;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Gardener.Extensions.ManagedResources;
using Kubernetes.Controllers.Serialization;

namespace RuntimeGVisor.Controller.Diff;

/// <summary>An object of the shoot, as a secret of a ManagedResource holds it.</summary>
internal sealed partial class ShootObject(JsonObject value)
{
    public string Kind { get; } = (string?)value["kind"] ?? "";

    /// <summary>Kind, namespace and name, without the hash of its content that a ConfigMap has in its name: the same object before and after.</summary>
    public string Name
    {
        get
        {
            var (name, @namespace) = ((string?)value["metadata"]?["name"] ?? "", (string?)value["metadata"]?["namespace"]);
            return $"{Kind} {(@namespace is null ? "" : $"{@namespace}/")}{(Kind == "ConfigMap" ? Hash().Replace(name, "") : name)}";
        }
    }

    /// <summary>The whole object as YAML with sorted keys, so that a difference is one of content.</summary>
    public string Text
    {
        get
        {
            using var json = JsonDocument.Parse(value.ToJsonString());
            return ManifestYaml.Write([json.RootElement]);
        }
    }

    public JsonNode? this[params string[] path] => path.Aggregate((JsonNode?)value, (node, name) => (node as JsonObject)?[name]);

    /// <summary>Every object in the files of a ManagedResource's secrets, by name.</summary>
    /// <exception cref="FormatException">A file is no YAML.</exception>
    public static ImmutableSortedDictionary<string, ShootObject> Read(IEnumerable<ReadOnlyMemory<byte>> files) =>
        files.SelectMany(file => YamlDocuments.Read(Encoding.UTF8.GetString(file.Span)))
            .OfType<JsonObject>()
            .Select(value => new ShootObject(value))
            .ToImmutableSortedDictionary(item => item.Name, item => item, StringComparer.Ordinal);

    [GeneratedRegex("-[0-9a-f]{8}$", RegexOptions.CultureInvariant | RegexOptions.NonBacktracking)]
    private static partial Regex Hash();
}
