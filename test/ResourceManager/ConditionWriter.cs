// SPDX-License-Identifier: Apache-2.0

using System.Text.Json;
using System.Text.Json.Nodes;
using Kubernetes.Controllers.Client;

namespace ResourceManager;

/// <summary>What a condition shall say.</summary>
internal sealed record ConditionUpdate(string Type, string Status, string Reason, string Message);

/// <summary>Writes the status of ManagedResources. Whoever read an older version is refused and has to look again.</summary>
internal static class ConditionWriter
{
    /// <summary>Sets conditions; the other ones and, without <paramref name="fields"/>, the other fields stay as they are. Nothing new is not written.</summary>
    public static async Task<ManagedResource> WriteConditionsAsync(
        this IApiClient client,
        ObjectKey key,
        ManagedResource resource,
        IReadOnlyList<ConditionUpdate> updates,
        JsonObject? fields,
        TimeProvider time,
        CancellationToken cancellationToken)
    {
        if (fields is null && updates.All(update =>
            resource.ConditionOf(update.Type) is { } old && (old.Status, old.Reason, old.Message) == (update.Status, update.Reason, update.Message)))
        {
            return resource;
        }

        var now = time.GetUtcNow().UtcDateTime;
        var conditions = resource.Status.Conditions
            .Where(old => updates.All(update => update.Type != old.Type))
            .Concat(updates.Select(update => new Condition(
                update.Type,
                update.Status,
                update.Reason,
                update.Message,
                resource.ConditionOf(update.Type) is { } old && old.Status == update.Status ? old.LastTransitionTime : now,
                now)))
            .OrderBy(condition => condition.Type, StringComparer.Ordinal);
        var status = fields ?? [];
        status["conditions"] = JsonSerializer.SerializeToNode([.. conditions], ResourcesJson.Default.IReadOnlyListCondition);
        var patch = new JsonObject
        {
            ["metadata"] = new JsonObject { ["resourceVersion"] = resource.Metadata.ResourceVersion },
            ["status"] = status,
        };
        return await client.PatchAsync(Resources.ManagedResources, key, Patch.Merge(patch), "status", cancellationToken);
    }
}
