// SPDX-License-Identifier: Apache-2.0

using System.Net;
using System.Text.Json.Nodes;
using Kubernetes.Controllers.Client;
using k8s.Models;

namespace ResourceManager;

/// <summary>
/// The shoot's API server, for which the seed's own stands in. Objects are always checked by it (a dry run of server-side apply);
/// only with <paramref name="apply"/> do they come into being.
/// </summary>
/// <param name="client">The seed.</param>
/// <param name="apply">Whether the objects come into being.</param>
/// <param name="hasNodes">Whether there are controllers and nodes, so that a DaemonSet has pods.</param>
internal sealed class TargetCluster(IApiClient client, bool apply, bool hasNodes)
{
    private const string FieldManager = "gardener-resource-manager";
    private const string DeleteOnInvalidUpdate = "resources.gardener.cloud/delete-on-invalid-update";
    private const string GarbageCollectable = "resources.gardener.cloud/garbage-collectable-reference";
    private const string KeepObject = "resources.gardener.cloud/keep-object";

    private static readonly HashSet<string> ClusterScoped = new(StringComparer.Ordinal)
    {
        "APIService", "ClusterRole", "ClusterRoleBinding", "CustomResourceDefinition", "MutatingWebhookConfiguration", "Namespace",
        "PersistentVolume", "PriorityClass", "RuntimeClass", "StorageClass", "ValidatingWebhookConfiguration",
    };

    // Fields of today's Kubernetes that the server of a test, which may be as old as 1.20, drops as any server drops what it does not know.
    // Server-side apply alone refuses them, which is wanted for everything else: it finds misspelt fields.
    private static readonly string[] NewFields = ["appArmorProfile"];

    /// <summary>Gives an object the place and the labels that it has in the shoot (Gardener contract 4.7).</summary>
    public static ObjectReference Prepare(JsonObject value, IReadOnlyDictionary<string, string>? injectLabels)
    {
        var kind = (string)value["kind"]!;
        var metadata = value["metadata"]!.AsObject();
        if (ClusterScoped.Contains(kind))
        {
            metadata.Remove("namespace");
        }
        else
        {
            metadata["namespace"] ??= "default";
        }

        foreach (var holder in (JsonObject?[])[metadata, value["spec"]?["template"]?["metadata"] as JsonObject])
        {
            if (holder is not null)
            {
                var labels = holder["labels"] as JsonObject ?? [];
                holder["labels"] = labels;
                labels["resources.gardener.cloud/managed-by"] = "gardener";
                foreach (var (name, text) in injectLabels ?? new Dictionary<string, string>())
                {
                    labels[name] = text;
                }
            }
        }

        return new ObjectReference((string)value["apiVersion"]!, kind, (string?)metadata["namespace"], (string)metadata["name"]!)
        {
            Labels = StringsOf(metadata["labels"]),
            Annotations = StringsOf(metadata["annotations"]),
        };
    }

    /// <summary>Brings an object to the desired state. One that cannot be changed so is deleted if it says so, and made anew by the next attempt.</summary>
    public async Task ApplyAsync(DesiredObject desired, CancellationToken cancellationToken)
    {
        var definition = DefinitionOf(desired.Reference);
        var key = KeyOf(desired.Reference);
        var current = apply ? await client.FindAsync(definition, key, cancellationToken) : null;
        try
        {
            if (current is not null)
            {
                await client.PatchAsync(definition, key, desired.Replacing(current), null, cancellationToken);
                return;
            }

            await CheckAsync(desired, cancellationToken);
            if (apply)
            {
                await client.CreateAsync(definition, desired.New(), cancellationToken);
            }
        }
        catch (ApiException exception) when (
            current is not null && exception.StatusCode == HttpStatusCode.UnprocessableEntity
            && desired.AnnotationsOn(current).GetValueOrDefault(DeleteOnInvalidUpdate) == "true")
        {
            await DeleteAsync(desired.Reference, cancellationToken);
            throw;
        }
    }

    /// <summary>Whether the object is gone with its pods, or none of the ManagedResource's business any more.</summary>
    public async Task<bool> DeleteAsync(ObjectReference reference, CancellationToken cancellationToken) =>
        !apply
        || await client.FindAsync(DefinitionOf(reference), KeyOf(reference), cancellationToken) is not { } current
        || IsLeftToOthers(current.Metadata)
        || await client.DeleteAsync(
            DefinitionOf(reference), KeyOf(reference), PropagationOf(reference), cancellationToken) is null;

    private DeletionPropagation PropagationOf(ObjectReference reference) =>
        hasNodes && reference.ApiVersion.Split('/')[0] is "apps" or "batch" ? DeletionPropagation.Foreground : DeletionPropagation.Background;

    /// <summary>Has the server check every field without storing anything.</summary>
    private async Task CheckAsync(DesiredObject desired, CancellationToken cancellationToken)
    {
        try
        {
            await DryRunAsync(desired, cancellationToken);
        }
        catch (ApiException exception) when (NewFields.Any(field => exception.Message.Contains($".{field}: field not declared in schema", StringComparison.Ordinal)))
        {
            RemoveNewFields(desired.Value);
            await DryRunAsync(desired, cancellationToken);
        }
    }

    private Task DryRunAsync(DesiredObject desired, CancellationToken cancellationToken) => client.PatchAsync(
        DefinitionOf(desired.Reference), KeyOf(desired.Reference), Patch.Apply(desired.Value, FieldManager) with { DryRun = true }, null, cancellationToken);

    /// <summary>The garbage collector takes such an object, or nobody does.</summary>
    private static bool IsLeftToOthers(V1ObjectMeta metadata) =>
        IsTrue(metadata.Labels, GarbageCollectable) || IsTrue(metadata.Annotations, KeepObject);

    private static bool IsTrue(IDictionary<string, string>? map, string key) => map is not null && map.TryGetValue(key, out var value) && value == "true";

    private static IReadOnlyDictionary<string, string>? StringsOf(JsonNode? map) =>
        map?.AsObject().ToDictionary(entry => entry.Key, entry => (string)entry.Value!, StringComparer.Ordinal);

    private static void RemoveNewFields(JsonNode? node)
    {
        switch (node)
        {
            case JsonObject value:
                foreach (var field in NewFields)
                {
                    value.Remove(field);
                }

                foreach (var (_, child) in value)
                {
                    RemoveNewFields(child);
                }

                break;
            case JsonArray items:
                foreach (var item in items)
                {
                    RemoveNewFields(item);
                }

                break;
        }
    }

    private static ObjectKey KeyOf(ObjectReference reference) => new(reference.Namespace ?? "", reference.Name);

    private static ResourceDefinition<AnyObject> DefinitionOf(ObjectReference reference)
    {
        var (group, version) = reference.ApiVersion.Split('/') is [var g, var v] ? (g, v) : ("", reference.ApiVersion);
        return new ResourceDefinition<AnyObject>(
            group, version, Plural(reference.Kind), reference.Kind, !ClusterScoped.Contains(reference.Kind), ResourcesJson.Default.AnyObject);
    }

    private static string Plural(string kind)
    {
        var name = kind.ToLowerInvariant();
        return name switch
        {
            [.. var stem, 'y'] => stem + "ies",
            [.., 's'] => name + "es",
            _ => name + "s",
        };
    }
}
