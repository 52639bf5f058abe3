// SPDX-License-Identifier: Apache-2.0

using System.Text.Json.Serialization;

namespace Kubernetes.Controllers.Serialization;

/// <summary>The metadata of a list.</summary>
internal sealed record ListHead
{
    [JsonPropertyName("resourceVersion")]
    public string? ResourceVersion { get; init; }

    [JsonPropertyName("continue")]
    public string? Continue { get; init; }
}
