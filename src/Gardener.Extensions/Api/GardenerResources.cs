// SPDX-License-Identifier: Apache-2.0

using System.Collections.Immutable;
using System.Text.Json.Serialization;
using Kubernetes.Controllers.Client;
using Kubernetes.Controllers.Serialization;
using k8s.Models;

namespace Gardener.Extensions.Api;

/// <summary>The resources of Gardener's extension API and the built-in ones that extensions write beside them.</summary>
public static class GardenerResources
{
    /// <summary><c>containerruntimes.extensions.gardener.cloud</c>.</summary>
    public static ResourceDefinition<ContainerRuntime> ContainerRuntimes { get; } = new(
        "extensions.gardener.cloud", "v1alpha1", "containerruntimes", "ContainerRuntime", true, GardenerJson.Default.ContainerRuntime);

    /// <summary><c>clusters.extensions.gardener.cloud</c>.</summary>
    public static ResourceDefinition<Cluster> Clusters { get; } = new(
        "extensions.gardener.cloud", "v1alpha1", "clusters", "Cluster", false, GardenerJson.Default.Cluster);

    /// <summary>The same, of which only the metadata are read: enough to notice a change, however large the cloud profile in it is.</summary>
    public static ResourceDefinition<PartialObjectMetadata> ClusterMetadata { get; } = PartialObjectMetadata.Of(Clusters);

    /// <summary><c>managedresources.resources.gardener.cloud</c>.</summary>
    public static ResourceDefinition<ManagedResource> ManagedResources { get; } = new(
        "resources.gardener.cloud", "v1alpha1", "managedresources", "ManagedResource", true, GardenerJson.Default.ManagedResource);

    /// <summary>Secrets of the core API.</summary>
    public static ResourceDefinition<V1Secret> Secrets { get; } = new(
        "", "v1", "secrets", "Secret", true, GardenerJson.Default.V1Secret);

    /// <summary>Namespaces of the core API.</summary>
    public static ResourceDefinition<V1Namespace> Namespaces { get; } = new(
        "", "v1", "namespaces", "Namespace", false, GardenerJson.Default.V1Namespace);
}

/// <summary>
/// JSON of the extension API: unknown fields are skipped, absent ones are not written. (The generated code assigns null to an absent
/// init-only property, past its initializer; properties that must not be null therefore replace it themselves.) Objects may be as deep as
/// Go takes them: what a shoot's owner nests in a provider configuration is judged by its reader, and not by this one.
/// </summary>
[JsonSourceGenerationOptions(
    MaxDepth = 10_000,
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    GenerationMode = JsonSourceGenerationMode.Metadata,
    Converters = [typeof(Rfc3339Converter), typeof(ManagedFieldsConverter)])]
[JsonSerializable(typeof(ContainerRuntime))]
[JsonSerializable(typeof(Cluster))]
[JsonSerializable(typeof(ManagedResource))]
[JsonSerializable(typeof(ExtensionStatus))]
[JsonSerializable(typeof(ImmutableArray<ExtensionCondition>))]
[JsonSerializable(typeof(V1Secret))]
[JsonSerializable(typeof(V1Namespace))]
public sealed partial class GardenerJson : JsonSerializerContext;
