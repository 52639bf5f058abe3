// SPDX-License-Identifier: Apache-2.0

using System.Text.Json.Nodes;
using ControlPlane;

namespace Integration.Tests;

/// <summary>What an operation has brought about, in words that are the same whenever it is.</summary>
internal static class ShootState
{
    /// <summary>Everything in the shoot's namespace, without what differs from run to run: times, versions, identifiers.</summary>
    public static async Task<string> DescribeAsync(Shoot shoot, params string[] pools)
    {
        var lines = new List<string>();
        foreach (var pool in pools)
        {
            if (await shoot.FindAsync(pool) is not { } runtime)
            {
                continue;
            }

            var operation = runtime["status"]?["lastOperation"];
            lines.Add($"ContainerRuntime {pool}: {operation?["type"]} {operation?["state"]} {operation?["progress"]} {operation?["description"]}, "
                + $"error {Json(runtime["status"]?["lastError"])}, generation {runtime["status"]?["observedGeneration"]}/{runtime["metadata"]!["generation"]}, "
                + $"finalizers {Json(runtime["metadata"]!["finalizers"])}, operation {runtime["metadata"]!["annotations"]?["gardener.cloud/operation"]}, "
                + $"condition {Shoot.HealthConditionOf(runtime)?["status"]} {Shoot.HealthConditionOf(runtime)?["message"]}");
        }

        var referenced = new HashSet<string>(StringComparer.Ordinal);
        foreach (var (name, resource) in await shoot.ManagedResourcesAsync())
        {
            referenced.UnionWith(resource["spec"]!["secretRefs"]!.AsArray().Select(reference => (string)reference!["name"]!));
            var metadata = resource["metadata"]!;
            lines.Add($"ManagedResource {name}: {Json(resource["spec"])}, labels {Json(metadata["labels"])}, annotations {Json(metadata["annotations"])}, "
                + $"deleted {metadata["deletionTimestamp"] is not null}");
        }

        foreach (var (name, secret) in await shoot.SecretsAsync())
        {
            // Gardener's garbage collector takes marked secrets that nothing refers to.
            var isMarked = (string?)secret["metadata"]!["labels"]?["resources.gardener.cloud/garbage-collectable-reference"] == "true";
            if (isMarked && !referenced.Contains(name))
            {
                continue;
            }

            lines.Add($"Secret {name}: {Json(secret["data"])}, labels {Json(secret["metadata"]!["labels"])}, immutable {secret["immutable"]}");
        }

        return string.Join('\n', lines.Order(StringComparer.Ordinal));
    }

    private static string Json(JsonNode? value) => value?.ToJsonString() ?? "none";
}
