// SPDX-License-Identifier: Apache-2.0

using System.Text.Json;
using System.Text.Json.Nodes;
using Kubernetes.Controllers.Client;

namespace ResourceManager;

/// <summary>An object as it shall be in the shoot, and how one that is there becomes so (Gardener contract 4.7).</summary>
/// <param name="Reference">Which object.</param>
/// <param name="Value">The object from the ManagedResource's secret, with injected labels.</param>
/// <param name="Applied">What was applied the last time; null if nothing was.</param>
/// <param name="Origin">The ManagedResource.</param>
internal sealed record DesiredObject(ObjectReference Reference, JsonObject Value, ObjectReference? Applied, string Origin)
{
    public const string OriginAnnotation = "resources.gardener.cloud/origin";

    private const string ReferencePrefix = "reference.resources.gardener.cloud/";

    // Others add to these fields of a ServiceAccount.
    private static readonly string[] FieldsOfOthers = ["status", "secrets", "imagePullSecrets"];

    private IEnumerable<KeyValuePair<string, JsonNode?>> Fields => Value.Where(entry => entry.Key is not ("apiVersion" or "kind" or "metadata" or "status"));

    /// <summary>The object as it is created.</summary>
    public AnyObject New()
    {
        var value = Value.Deserialize(ResourcesJson.Default.AnyObject)!;
        value.Metadata.Annotations = AnnotationsOn(null);
        return value;
    }

    /// <summary>The change that puts every field of the object in the place of the current one; metadata of others stays.</summary>
    public Patch Replacing(AnyObject current)
    {
        var operations = new JsonArray(
            Operation("replace", "metadata/resourceVersion", current.Metadata.ResourceVersion),
            Operation("add", "metadata/labels", ToJson(Merge(Reference.Labels, current.Metadata.Labels, Applied?.Labels))),
            Operation("add", "metadata/annotations", ToJson(AnnotationsOn(current))));
        foreach (var (name, value) in Fields)
        {
            operations.Add(Operation("add", name, value?.DeepClone()));
        }

        foreach (var name in (current.Fields ?? []).Keys.Where(name => !Value.ContainsKey(name) && !FieldsOfOthers.Contains(name)))
        {
            operations.Add(new JsonObject { ["op"] = "remove", ["path"] = $"/{name}" });
        }

        return Patch.Json(operations);
    }

    /// <summary>The annotations that the object has in the end.</summary>
    /// <param name="current">The object as it is; null if it is not there.</param>
    public Dictionary<string, string> AnnotationsOn(AnyObject? current)
    {
        var kept = current?.Metadata.Annotations?.Where(annotation => !annotation.Key.StartsWith(ReferencePrefix, StringComparison.Ordinal));
        var annotations = Merge(Reference.Annotations, kept, Applied?.Annotations);
        annotations[OriginAnnotation] = Origin;
        annotations["resources.gardener.cloud/description"] = "Belongs to a ManagedResource; what others change is changed back.";
        return annotations;
    }

    /// <summary>What is desired wins, what was desired once goes unless somebody has changed it since, and what others added stays.</summary>
    private static Dictionary<string, string> Merge(
        IEnumerable<KeyValuePair<string, string>>? desired,
        IEnumerable<KeyValuePair<string, string>>? current,
        IReadOnlyDictionary<string, string>? applied)
    {
        var merged = (current ?? []).Where(entry => applied?.Contains(entry) != true).ToDictionary(StringComparer.Ordinal);
        foreach (var (name, value) in desired ?? [])
        {
            merged[name] = value;
        }

        return merged;
    }

    private static JsonObject ToJson(IEnumerable<KeyValuePair<string, string>> map) =>
        new(map.Select(entry => KeyValuePair.Create(entry.Key, (JsonNode?)entry.Value)));

    private static JsonObject Operation(string name, string path, JsonNode? value) => new() { ["op"] = name, ["path"] = $"/{path}", ["value"] = value };
}
