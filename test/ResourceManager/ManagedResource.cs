// SPDX-License-Identifier: Apache-2.0

using System.Text.Json;
using System.Text.Json.Serialization;
using Kubernetes.Controllers.Client;
using Kubernetes.Controllers.Serialization;
using k8s;
using k8s.Models;

namespace ResourceManager;

/// <summary>A ManagedResource with what its manager needs of it (Gardener contract 1.3).</summary>
/// <remarks>Properties have setters: the JSON generator would overwrite the defaults of init-only ones with null.</remarks>
internal sealed record ManagedResource : IKubernetesObject<V1ObjectMeta>
{
    public string ApiVersion { get; set; } = "resources.gardener.cloud/v1alpha1";

    public string Kind { get; set; } = "ManagedResource";

    public V1ObjectMeta Metadata { get; set; } = new();

    public ManagedResourceSpec Spec { get; set; } = new();

    public ManagedResourceStatus Status { get; set; } = new();

    /// <summary>
    /// On a ManagedResource in a test: how long its deletion takes (<c>30s</c>), or <c>down</c> for a resource manager that does not run.
    /// </summary>
    public const string DelayAnnotation = "test.gvisor/delay";

    /// <summary>This manager's business, not that of the seed's own, and it runs.</summary>
    [JsonIgnore]
    public bool IsManaged => string.IsNullOrEmpty(Spec.Class) && AnnotationOf(DelayAnnotation) != "down";

    /// <summary>Somebody has paused it by the annotation <c>resources.gardener.cloud/ignore</c>, as Go's ParseBool reads it.</summary>
    [JsonIgnore]
    public bool IsIgnored => AnnotationOf("resources.gardener.cloud/ignore") is "1" or "t" or "T" or "TRUE" or "true" or "True";

    public string? AnnotationOf(string key) => Metadata.Annotations is { } annotations && annotations.TryGetValue(key, out var value) ? value : null;

    public Condition? ConditionOf(string type) => Status.Conditions.FirstOrDefault(condition => condition.Type == type);
}

internal sealed record ManagedResourceSpec
{
    public string? Class { get; set; }

    public IReadOnlyList<SecretReference> SecretRefs { get; set; } = [];

    public IReadOnlyDictionary<string, string>? InjectLabels { get; set; }

    public bool? KeepObjects { get; set; }
}

internal sealed record SecretReference(string Name);

internal sealed record ManagedResourceStatus
{
    public long? ObservedGeneration { get; set; }

    public IReadOnlyList<Condition> Conditions { get; set; } = [];

    public IReadOnlyList<ObjectReference> Resources { get; set; } = [];

    public string? SecretsDataChecksum { get; set; }
}

internal sealed record Condition(
    string Type, string Status, string Reason, string Message, DateTime LastTransitionTime, DateTime LastUpdateTime)
{
    public const string Applied = "ResourcesApplied";
    public const string Healthy = "ResourcesHealthy";
    public const string Progressing = "ResourcesProgressing";
}

/// <summary>An object in the shoot that the ManagedResource brought there. It is the same object whatever was written on it.</summary>
internal sealed record ObjectReference(string ApiVersion, string Kind, string? Namespace, string Name)
{
    /// <summary>The labels that were applied: those that are no longer wanted are taken off later.</summary>
    public IReadOnlyDictionary<string, string>? Labels { get; init; }

    /// <summary>The same for annotations.</summary>
    public IReadOnlyDictionary<string, string>? Annotations { get; init; }

    public bool Equals(ObjectReference? other) =>
        other is not null && (ApiVersion, Kind, Namespace, Name) == (other.ApiVersion, other.Kind, other.Namespace, other.Name);

    public override int GetHashCode() => HashCode.Combine(ApiVersion, Kind, Namespace, Name);

    public override string ToString() => $"{Kind} {(Namespace is null ? "" : $"{Namespace}/")}{Name}";
}

/// <summary>An object of any kind.</summary>
internal sealed record AnyObject : IKubernetesObject<V1ObjectMeta>
{
    public string ApiVersion { get; set; } = "";

    public string Kind { get; set; } = "";

    public V1ObjectMeta Metadata { get; set; } = new();

    /// <summary>Everything beside the metadata.</summary>
    [JsonExtensionData]
    public Dictionary<string, JsonElement>? Fields { get; set; }
}

internal static class Resources
{
    public static ResourceDefinition<ManagedResource> ManagedResources { get; } = new(
        "resources.gardener.cloud", "v1alpha1", "managedresources", "ManagedResource", true, ResourcesJson.Default.ManagedResource);

    public static ResourceDefinition<V1DaemonSet> DaemonSets { get; } = new("apps", "v1", "daemonsets", "DaemonSet", true, ResourcesJson.Default.V1DaemonSet);

    public static ResourceDefinition<V1Secret> Secrets { get; } = new("", "v1", "secrets", "Secret", true, ResourcesJson.Default.V1Secret);
}

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    Converters = [typeof(Rfc3339Converter), typeof(ManagedFieldsConverter)])]
[JsonSerializable(typeof(ManagedResource))]
[JsonSerializable(typeof(AnyObject))]
[JsonSerializable(typeof(V1DaemonSet))]
[JsonSerializable(typeof(V1Secret))]
internal sealed partial class ResourcesJson : JsonSerializerContext;
