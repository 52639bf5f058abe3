// SPDX-License-Identifier: Apache-2.0

using System.Text.Json;
using System.Text.Json.Serialization;
using Kubernetes.Controllers.Client;
using Kubernetes.Controllers.Serialization;
using k8s;
using k8s.Models;

namespace Kubernetes.Controllers.Tests.Testing;

/// <summary>A custom resource for tests; <c>spec.size</c> is a number, so that a string does not fit.</summary>
public sealed record Widget : IKubernetesObject<V1ObjectMeta>
{
    public static readonly ResourceDefinition<Widget> Resource = new("example.test", "v1", "widgets", "Widget", Namespaced: true, WidgetContext.Default.Widget);

    [JsonPropertyName("apiVersion")]
    public string? ApiVersion { get; set; }

    [JsonPropertyName("kind")]
    public string? Kind { get; set; }

    [JsonPropertyName("metadata")]
    public V1ObjectMeta Metadata { get; set; } = new();

    [JsonPropertyName("spec")]
    public WidgetSpec? Spec { get; set; }

    public static Widget Create(string name, int size = 1, long version = 1, string @namespace = "default", string? uid = null) => new()
    {
        Metadata = new V1ObjectMeta
        {
            NamespaceProperty = @namespace,
            Name = name,
            ResourceVersion = version.ToString(System.Globalization.CultureInfo.InvariantCulture),
            Uid = uid ?? $"uid-{@namespace}-{name}",
        },
        Spec = new WidgetSpec { Size = size },
    };

    public string ToJson() => JsonSerializer.Serialize(this, WidgetContext.Default.Widget);
}

public sealed record WidgetSpec
{
    [JsonPropertyName("size")]
    public int Size { get; set; }

    [JsonPropertyName("payload")]
    public string? Payload { get; set; }
}

[JsonSourceGenerationOptions(
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull, Converters = [typeof(Rfc3339Converter), typeof(ManagedFieldsConverter)])]
[JsonSerializable(typeof(Widget))]
[JsonSerializable(typeof(V1Secret))]
public sealed partial class WidgetContext : JsonSerializerContext;
