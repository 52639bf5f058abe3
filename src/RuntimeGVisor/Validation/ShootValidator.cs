// SPDX-License-Identifier: Apache-2.0

using System.Runtime.InteropServices;
using System.Text.Json;

namespace RuntimeGVisor.Validation;

/// <summary>Judges what a Shoot says about gVisor, and nothing else of it.</summary>
public static class ShootValidator
{
    /// <summary>So many findings of each severity are returned at most: nobody reads more, and each costs memory.</summary>
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
            if (shoot.Field("metadata").Field("deletionTimestamp").ValueKind == JsonValueKind.String)
            {
                return [];
            }

            // Each severity by itself, so that no number of warnings hides an error; looked for twice, so that few findings are in memory.
            var findings = Changed(shoot, oldShoot).SelectMany(found => ProviderConfigValidator.Validate(found.Value, found.Path, policy));
            return [.. Of(Severity.Error), .. Of(Severity.Warning)];

            IEnumerable<Finding> Of(Severity severity) => findings.Where(finding => finding.Severity == severity).Take(MaxFindings);
        }
        catch (InvalidOperationException)
        {
            return [Finding.OfBrokenText];
        }
    }

    /// <summary>Whether a worker pool asks for gVisor, with a providerConfig or without.</summary>
    internal static bool UsesGVisor(JsonElement shoot) => Runtimes(shoot).Any();

    private static IEnumerable<(string Worker, string Path, JsonElement Value)> Changed(JsonElement shoot, JsonElement? oldShoot)
    {
        // API servers take each name of a pool once, and each type once in a pool.
        var known = ProviderConfigs(oldShoot ?? default)
            .DistinctBy(found => found.Worker, StringComparer.Ordinal)
            .ToDictionary(found => found.Worker, found => found.Value, StringComparer.Ordinal);
        return ProviderConfigs(shoot).Where(found => !known.TryGetValue(found.Worker, out var before) || !IsSame(before, found.Value));
    }

    // What nobody can compare (too deep, half a surrogate pair, a number beyond all measure) must not lock a Shoot that had it already.
    private static bool IsSame(JsonElement before, JsonElement after)
    {
        try
        {
            return JsonMarshal.GetRawUtf8Value(before).SequenceEqual(JsonMarshal.GetRawUtf8Value(after)) || JsonElement.DeepEquals(before, after);
        }
        catch (Exception exception) when (exception is InvalidOperationException or ArgumentException or InsufficientExecutionStackException)
        {
            return false;
        }
    }

    private static IEnumerable<(string Worker, string Path, JsonElement Value)> ProviderConfigs(JsonElement shoot) =>
        from runtime in Runtimes(shoot)
        let config = runtime.Value.Field("providerConfig")
        where config.ValueKind is not (JsonValueKind.Undefined or JsonValueKind.Null)
        select (runtime.Worker, $"{runtime.Path}.providerConfig", config);

    private static IEnumerable<(string Worker, string Path, JsonElement Value)> Runtimes(JsonElement shoot) =>
        from worker in shoot.Field("spec").Field("provider").Field("workers").Items().Index()
        from runtime in worker.Item.Field("cri").Field("containerRuntimes").Items().Index()
        where runtime.Item.Field("type").Text() == RuntimeType
        select (
            worker.Item.Field("name").Text() ?? "",
            $"spec.provider.workers[{worker.Index}].cri.containerRuntimes[{runtime.Index}]",
            runtime.Item);
}
