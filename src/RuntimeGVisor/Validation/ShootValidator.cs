// SPDX-License-Identifier: Apache-2.0

using System.Text.Json;

namespace RuntimeGVisor.Validation;

/// <summary>Judges what a Shoot says about gVisor, and nothing else of it.</summary>
public static class ShootValidator
{
    /// <summary>So many findings are returned at most: nobody reads more, and each costs memory.</summary>
    public const int MaxFindings = 100;

    internal const string RuntimeType = "gvisor";

    /// <summary>Finds everything that is wrong, for all worker pools.</summary>
    /// <param name="shoot">The Shoot, of <c>core.gardener.cloud/v1beta1</c>. What is malformed elsewhere is left to its API server.</param>
    /// <param name="oldShoot">
    /// The Shoot before the change; null for a new one. What a pool of the same name already had in it is not judged.
    /// </param>
    /// <param name="policy">The operator's policy.</param>
    /// <returns>The findings; none for a Shoot that is being deleted.</returns>
    public static IReadOnlyList<Finding> Validate(JsonElement shoot, JsonElement? oldShoot, FlagPolicy policy)
    {
        try
        {
            return shoot.Field("metadata").Field("deletionTimestamp").ValueKind == JsonValueKind.String
                ? []
                : [.. Changed(shoot, oldShoot).SelectMany(found => ProviderConfigValidator.Validate(found.Value, found.Path, policy)).Take(MaxFindings)];
        }
        catch (InvalidOperationException)
        {
            return [Finding.OfBrokenText];
        }
    }

    private static IEnumerable<(string Worker, string Path, JsonElement Value)> Changed(JsonElement shoot, JsonElement? oldShoot)
    {
        var known = ProviderConfigs(oldShoot ?? default).ToLookup(found => found.Worker, StringComparer.Ordinal);
        return ProviderConfigs(shoot).Where(found => !known[found.Worker].Any(before => JsonElement.DeepEquals(before.Value, found.Value)));
    }

    /// <summary>The providerConfig of gVisor in each worker pool that has one.</summary>
    private static IEnumerable<(string Worker, string Path, JsonElement Value)> ProviderConfigs(JsonElement shoot) =>
        from worker in shoot.Field("spec").Field("provider").Field("workers").Items().Index()
        from runtime in worker.Item.Field("cri").Field("containerRuntimes").Items().Index()
        let config = runtime.Item.Field("providerConfig")
        where config.ValueKind is not (JsonValueKind.Undefined or JsonValueKind.Null) && runtime.Item.Field("type").Text() == RuntimeType
        select (
            worker.Item.Field("name").Text() ?? "",
            $"spec.provider.workers[{worker.Index}].cri.containerRuntimes[{runtime.Index}].providerConfig",
            config);
}
