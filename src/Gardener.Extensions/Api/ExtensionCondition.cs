// SPDX-License-Identifier: Apache-2.0

using System.Collections.Immutable;
using System.Text.Json.Serialization;

namespace Gardener.Extensions.Api;

/// <summary>A condition in the status of an extension object. (Gardener contract 1.1: all fields but the codes are required.)</summary>
public sealed record ExtensionCondition
{
    /// <summary>
    /// What the extension keeps in the shoot works. gardenlet takes it into the Shoot's condition of the same name, and from then on
    /// judges the extension's heartbeat.
    /// </summary>
    public const string SystemComponentsHealthy = "SystemComponentsHealthy";

    /// <summary>What the condition speaks of; one condition for each type.</summary>
    public string Type { get; init => field = value ?? ""; } = "";

    /// <summary><c>True</c>, <c>False</c>, <c>Progressing</c> or <c>Unknown</c>.</summary>
    public string Status { get; init => field = value ?? ""; } = "";

    /// <summary>When the status changed last: UTC, whole seconds.</summary>
    [JsonConverter(typeof(WholeSecondsConverter))]
    public DateTimeOffset LastTransitionTime { get; init; }

    /// <summary>When anything of it changed last: UTC, whole seconds.</summary>
    [JsonConverter(typeof(WholeSecondsConverter))]
    public DateTimeOffset LastUpdateTime { get; init; }

    /// <summary>A word for programs.</summary>
    public string Reason { get; init => field = value ?? ""; } = "";

    /// <summary>A sentence for people.</summary>
    public string Message { get; init => field = value ?? ""; } = "";

    /// <summary>Codes that gardenlet acts on, see <see cref="ErrorCode"/>; absent when none is known.</summary>
    public ImmutableArray<string>? Codes { get; init; }

    /// <summary>Compares the codes by their values, which an array does not.</summary>
    public bool Equals(ExtensionCondition? other) =>
        other is not null
        && Type == other.Type
        && Status == other.Status
        && LastTransitionTime == other.LastTransitionTime
        && LastUpdateTime == other.LastUpdateTime
        && Reason == other.Reason
        && Message == other.Message
        && (Codes ?? []).AsSpan().SequenceEqual((other.Codes ?? []).AsSpan());

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Type, Status, LastUpdateTime, Message);
}
