// SPDX-License-Identifier: Apache-2.0

using System.Text.Json;
using System.Text.Json.Serialization;
using Gardener.Extensions.Api;
using Gardener.Extensions.Operations;
using Kubernetes.Controllers.Client;
using Kubernetes.Controllers.Serialization;
using k8s.Models;

namespace SecondExtension;

/// <summary>The kind <c>Extension</c> of Gardener's API, which the library has no type for: the fields that this program reads.</summary>
internal sealed record ShootExtension : IExtensionObject
{
    public string ApiVersion { get; set; } = "extensions.gardener.cloud/v1alpha1";

    public string Kind { get; set; } = "Extension";

    public V1ObjectMeta Metadata { get; set; } = new();

    public ShootExtensionSpec Spec { get; init => field = value ?? new(); } = new();

    public ExtensionStatus? Status { get; init; }

    [JsonIgnore]
    string? IExtensionObject.ExtensionType => Spec.Type;

    [JsonIgnore]
    string? IExtensionObject.ExtensionClass => Spec.Class;

    [JsonIgnore]
    ExtensionStatus? IExtensionObject.ExtensionStatus => Status;
}

internal sealed record ShootExtensionSpec
{
    public string? Type { get; init; }

    public string? Class { get; init; }

    public JsonElement? ProviderConfig { get; init; }
}

/// <summary>Other extensions work on other types of the same kind, so the finalizer has a suffix.</summary>
internal static class ShootExtensions
{
    public static ExtensionKind<ShootExtension> Kind { get; } = new(
        "notice",
        new ResourceDefinition<ShootExtension>(
            "extensions.gardener.cloud", "v1alpha1", "extensions", "Extension", true, ShootExtensionJson.Default.ShootExtension),
        "extensions.gardener.cloud/extension-notice");
}

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    GenerationMode = JsonSourceGenerationMode.Metadata,
    Converters = [typeof(Rfc3339Converter), typeof(ManagedFieldsConverter)])]
[JsonSerializable(typeof(ShootExtension))]
internal sealed partial class ShootExtensionJson : JsonSerializerContext;
