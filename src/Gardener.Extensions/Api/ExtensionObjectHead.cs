// SPDX-License-Identifier: Apache-2.0

using System.Text.Json;
using System.Text.Json.Serialization;
using k8s.Models;

namespace Gardener.Extensions.Api;

/// <summary>
/// As much of an extension object of any kind as tells whose it is and what its status says, whatever the rest of it looks like.
/// </summary>
internal sealed record ExtensionObjectHead : IExtensionObject
{
    public string? ApiVersion { get; set; }

    public string? Kind { get; set; }

    public V1ObjectMeta Metadata { get; set; } = new();

    public JsonElement? Spec { get; init; }

    public JsonElement? Status { get; init; }

    [JsonIgnore]
    public string? ExtensionType => Text(Spec, "type");

    [JsonIgnore]
    public string? ExtensionClass => Text(Spec, "class");

    /// <summary>Not read: it may be what cannot be decoded.</summary>
    [JsonIgnore]
    public ExtensionStatus? ExtensionStatus => null;

    /// <summary>The status says already that the object's last error is this one.</summary>
    public bool Shows(string error) =>
        Status is { ValueKind: JsonValueKind.Object } status
        && status.TryGetProperty("lastError", out var lastError)
        && Text(lastError, "description") == error;

    private static string? Text(JsonElement? parent, string name) =>
        parent is { ValueKind: JsonValueKind.Object } value && value.TryGetProperty(name, out var field) && field.ValueKind == JsonValueKind.String
            ? field.GetString()
            : null;
}
