// SPDX-License-Identifier: Apache-2.0

using System.Text.Json;

namespace RuntimeGVisor.Validation;

/// <summary>Judges what a Shoot says about gVisor, and nothing else of it.</summary>
public static class ShootValidator
{
    /// <summary>So many findings are returned at most: nobody reads more, and each costs memory.</summary>
    public const int MaxFindings = 100;

    private const string RuntimeType = "gvisor";

    /// <summary>Finds everything that is wrong, for all worker pools.</summary>
    /// <param name="shoot">The Shoot, of <c>core.gardener.cloud/v1beta1</c>. What is malformed elsewhere is left to its API server.</param>
    /// <param name="oldShoot">The Shoot before the change. What a pool of the same name had in it already is not judged: null for a new Shoot.</param>
    /// <param name="policy">The operator's policy.</param>
    /// <returns>The findings; none for a Shoot that is being deleted.</returns>
    public static IReadOnlyList<Finding> Validate(JsonElement shoot, JsonElement? oldShoot, FlagPolicy policy)
    {
        if (Field(Field(shoot, "metadata"), "deletionTimestamp").ValueKind == JsonValueKind.String)
        {
            return [];
        }

        var known = oldShoot is { } old ? ProviderConfigs(old).ToLookup(found => found.Worker, StringComparer.Ordinal) : null;
        return
        [
            .. ProviderConfigs(shoot)
                .Where(found => known is null || !known[found.Worker].Any(before => JsonElement.DeepEquals(before.Value, found.Value)))
                .SelectMany(found => ProviderConfigValidator.Validate(found.Value, found.Path, policy))
                .Take(MaxFindings),
        ];
    }

    /// <summary>The providerConfig of gVisor in each worker pool that has one.</summary>
    private static IEnumerable<(string Worker, string Path, JsonElement Value)> ProviderConfigs(JsonElement shoot) =>
        from worker in Items(Field(Field(Field(shoot, "spec"), "provider"), "workers")).Index()
        from runtime in Items(Field(Field(worker.Item, "cri"), "containerRuntimes")).Index()
        let config = Field(runtime.Item, "providerConfig")
        where config.ValueKind is not (JsonValueKind.Undefined or JsonValueKind.Null) && Text(Field(runtime.Item, "type")) == RuntimeType
        select (
            Text(Field(worker.Item, "name")) ?? "",
            $"spec.provider.workers[{worker.Index}].cri.containerRuntimes[{runtime.Index}].providerConfig",
            config);

    private static JsonElement Field(JsonElement element, string name) =>
        element.ValueKind == JsonValueKind.Object && element.TryGetProperty(name, out var value) ? value : default;

    private static IEnumerable<JsonElement> Items(JsonElement element) => element.ValueKind == JsonValueKind.Array ? element.EnumerateArray() : [];

    private static string? Text(JsonElement element) => element.ValueKind == JsonValueKind.String ? element.GetString() : null;
}
