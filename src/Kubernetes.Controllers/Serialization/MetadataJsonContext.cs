// SPDX-License-Identifier: Apache-2.0

using System.Text.Json.Serialization;
using Kubernetes.Controllers.Client;

namespace Kubernetes.Controllers.Serialization;

/// <summary>Metadata alone; its times are whole seconds, unlike those of <see cref="KubernetesJsonContext"/>.</summary>
[JsonSourceGenerationOptions(
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    Converters = [typeof(Rfc3339Converter), typeof(ManagedFieldsConverter)])]
[JsonSerializable(typeof(PartialObjectMetadata))]
internal sealed partial class MetadataJsonContext : JsonSerializerContext;
