// SPDX-License-Identifier: Apache-2.0

using System.Text.Json.Serialization;
using Kubernetes.Controllers.Serialization;
using k8s;
using k8s.Models;

namespace Kubernetes.Controllers.Client;

/// <summary>Of an object only the metadata. The server sends no more, so that a large object costs as much as a small one.</summary>
public sealed record PartialObjectMetadata : IKubernetesObject<V1ObjectMeta>
{
    /// <inheritdoc/>
    [JsonPropertyName("apiVersion")]
    public string? ApiVersion { get; set; }

    /// <inheritdoc/>
    [JsonPropertyName("kind")]
    public string? Kind { get; set; }

    /// <inheritdoc/>
    [JsonPropertyName("metadata")]
    public V1ObjectMeta Metadata { get; set; } = new();

    /// <summary>The metadata of the objects of a resource, as a resource of its own. It is read, listed and watched; it cannot be written.</summary>
    public static ResourceDefinition<PartialObjectMetadata> Of<T>(ResourceDefinition<T> resource)
        where T : class, IKubernetesObject<V1ObjectMeta> =>
        new(resource.Group, resource.Version, resource.Plural, resource.Kind, resource.Namespaced, MetadataJsonContext.Default.PartialObjectMetadata);
}
