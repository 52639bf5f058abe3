// SPDX-License-Identifier: Apache-2.0

using System.Collections.Immutable;
using System.Text.Json.Nodes;
using Gardener.Extensions.Api;
using Kubernetes.Controllers.Client;

namespace Gardener.Extensions.ManagedResources;

/// <summary>
/// What a ManagedResource of an extension looks like, and the patch that makes an existing one look so. The extension owns the whole
/// specification, the label <c>origin</c> and the references to secrets; all else belongs to others and is left as it is.
/// (Gardener contract 4.1: what "create for shoot" writes.)
/// </summary>
internal static class ManagedResourcePatch
{
    private static readonly ImmutableDictionary<string, string> InjectedLabels =
        ImmutableDictionary<string, string>.Empty.Add(GardenerLabels.NoCleanup, "true");

    /// <summary>The object as it is created.</summary>
    public static ManagedResource New(ManagedResourceContent content, string secretName)
    {
        var annotations = content.Annotations
            .Where(annotation => annotation.Value is not null)
            .ToDictionary(annotation => annotation.Key, annotation => annotation.Value!, StringComparer.Ordinal);
        var (reference, referenced) = ContentHash.ReferenceAnnotation("secret", secretName);
        annotations[reference] = referenced;

        return new ManagedResource
        {
            Metadata = new()
            {
                Name = content.Key.Name,
                NamespaceProperty = content.Key.Namespace,
                Labels = new Dictionary<string, string>(StringComparer.Ordinal) { [GardenerLabels.Origin] = content.Origin },
                Annotations = annotations,
            },
            Spec = new ManagedResourceSpec
            {
                SecretRefs = [new() { Name = secretName }],
                InjectLabels = InjectedLabels,
                KeepObjects = false,
            },
        };
    }

    /// <summary>The patch to the desired state, or null when nothing differs.</summary>
    public static Patch? Between(ManagedResource current, ManagedResourceContent content, string secretName)
    {
        var desired = New(content, secretName);
        var metadata = new JsonObject();
        AddMap(metadata, "labels", desired.Metadata.Labels, current.Metadata.Labels, isOwned: _ => false);
        AddMap(metadata, "annotations", desired.Metadata.Annotations, current.Metadata.Annotations, key => IsReference(key) || content.Annotations.ContainsKey(key));

        var spec = new JsonObject();
        if (!current.Spec.SecretRefs.Select(secret => secret.Name).SequenceEqual(desired.Spec.SecretRefs.Select(secret => secret.Name)))
        {
            spec["secretRefs"] = References(desired.Spec.SecretRefs.Select(secret => secret.Name));
        }

        AddMap(spec, "injectLabels", desired.Spec.InjectLabels, current.Spec.InjectLabels, isOwned: _ => true);
        if (current.Spec.KeepObjects != desired.Spec.KeepObjects)
        {
            spec["keepObjects"] = desired.Spec.KeepObjects;
        }

        TakeBack(spec, "class", current.Spec.Class is not null);
        TakeBack(spec, "forceOverwriteLabels", current.Spec.ForceOverwriteLabels is not null);
        TakeBack(spec, "forceOverwriteAnnotations", current.Spec.ForceOverwriteAnnotations is not null);
        TakeBack(spec, "deletePersistentVolumeClaims", current.Spec.DeletePersistentVolumeClaims is not null);
        TakeBack(spec, "equivalences", current.Spec.Equivalences is not null);

        var body = new JsonObject();
        if (metadata.Count > 0)
        {
            body["metadata"] = metadata;
        }

        if (spec.Count > 0)
        {
            body["spec"] = spec;
        }

        return body.Count == 0 ? null : Patch.Merge(body);
    }

    /// <summary>Objects survive the deletion of the ManagedResource (Gardener contract 4.5).</summary>
    public static Patch KeepObjects() => Patch.Merge(new JsonObject { ["spec"] = new JsonObject { ["keepObjects"] = true } });

    private static bool IsReference(string key) => key.StartsWith(GardenerAnnotations.ReferencePrefix, StringComparison.Ordinal);

    private static void AddMap(
        JsonObject parent,
        string name,
        IEnumerable<KeyValuePair<string, string>>? desired,
        IEnumerable<KeyValuePair<string, string>>? current,
        Func<string, bool> isOwned)
    {
        var currentValues = (current ?? []).ToDictionary(StringComparer.Ordinal);
        var changes = new JsonObject();
        foreach (var (key, value) in desired ?? [])
        {
            if (!currentValues.Remove(key, out var existing) || existing != value)
            {
                changes[key] = value;
            }
        }

        foreach (var key in currentValues.Keys.Where(isOwned))
        {
            changes[key] = null;
        }

        if (changes.Count > 0)
        {
            parent[name] = changes;
        }
    }

    private static void TakeBack(JsonObject spec, string field, bool isSet)
    {
        if (isSet)
        {
            spec[field] = null;
        }
    }

    private static JsonArray References(IEnumerable<string> names)
    {
        var array = new JsonArray();
        foreach (var name in names)
        {
            array.Add((JsonNode)new JsonObject { ["name"] = name });
        }

        return array;
    }
}
