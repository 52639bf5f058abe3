// SPDX-License-Identifier: Apache-2.0

using System.Text.Json.Serialization;

namespace Kubernetes.Controllers.Serialization;

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
