// SPDX-License-Identifier: Apache-2.0

using System.Text.Json.Serialization;
using Kubernetes.Controllers.Serialization;

namespace Gardener.Extensions.Api;

/// <summary>JSON of <see cref="ExtensionObjectHead"/>, as deep as Go takes objects.</summary>
[JsonSourceGenerationOptions(
    MaxDepth = 10_000,
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    GenerationMode = JsonSourceGenerationMode.Metadata,
    Converters = [typeof(Rfc3339Converter), typeof(ManagedFieldsConverter)])]
[JsonSerializable(typeof(ExtensionObjectHead))]
internal sealed partial class ExtensionHeadJson : JsonSerializerContext;
