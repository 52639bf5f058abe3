// SPDX-License-Identifier: Apache-2.0

using System.Text.Json.Serialization;
using k8s.Models;

namespace Kubernetes.Controllers.Serialization;

/// <summary>
/// What the machinery itself reads and writes. Always used as <c>Default</c>: chained into other options, theirs would win.
/// </summary>
[JsonSourceGenerationOptions(
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    Converters = [typeof(MicroTimeConverter), typeof(ManagedFieldsConverter)])]
[JsonSerializable(typeof(V1Lease))]
[JsonSerializable(typeof(Corev1Event))]
[JsonSerializable(typeof(ServerStatus))]
[JsonSerializable(typeof(ListHead))]
internal sealed partial class KubernetesJsonContext : JsonSerializerContext;

/// <summary>The fields of a <c>Status</c> object that are used.</summary>
internal sealed record ServerStatus
{
    [JsonPropertyName("code")]
    public int? Code { get; init; }

    [JsonPropertyName("reason")]
    public string? Reason { get; init; }

    [JsonPropertyName("message")]
    public string? Message { get; init; }

    [JsonPropertyName("details")]
    public ServerStatusDetails? Details { get; init; }

    [JsonIgnore]
    public TimeSpan? RetryAfter => Details?.RetryAfterSeconds is { } seconds ? TimeSpan.FromSeconds(seconds) : null;
}

internal sealed record ServerStatusDetails
{
    [JsonPropertyName("retryAfterSeconds")]
    public int? RetryAfterSeconds { get; init; }
}

/// <summary>The metadata of a list.</summary>
internal sealed record ListHead
{
    [JsonPropertyName("resourceVersion")]
    public string? ResourceVersion { get; init; }

    [JsonPropertyName("continue")]
    public string? Continue { get; init; }
}
