// SPDX-License-Identifier: Apache-2.0

using System.Text.Json;

namespace RuntimeGVisor.Validation;

/// <summary>Walks through objects that may have any shape: what is not there is undefined, empty or null.</summary>
internal static class JsonElementExtensions
{
    public static JsonElement Field(this JsonElement element, string name) =>
        element.ValueKind == JsonValueKind.Object && element.TryGetProperty(name, out var value) ? value : default;

    public static IEnumerable<JsonElement> Items(this JsonElement element) => element.ValueKind == JsonValueKind.Array ? element.EnumerateArray() : [];

    public static string? Text(this JsonElement element) => element.ValueKind == JsonValueKind.String ? element.GetString() : null;
}
