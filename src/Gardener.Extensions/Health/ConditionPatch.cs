// SPDX-License-Identifier: Apache-2.0

using System.Collections.Immutable;
using System.Text.Json;
using System.Text.Json.Nodes;
using Gardener.Extensions.Api;
using Kubernetes.Controllers.Client;

namespace Gardener.Extensions.Health;

/// <summary>
/// The merge patch that sets or removes one condition. Merge patches replace lists, so the whole list is sent with the conditions of
/// others as they were, and the server refuses it when somebody else wrote since the object was read.
/// </summary>
internal static class ConditionPatch
{
    /// <param name="value">The object as it was read.</param>
    /// <param name="type">The condition's type.</param>
    /// <param name="desired">The condition, or null to remove it.</param>
    public static Patch For(IExtensionObject value, string type, ExtensionCondition? desired)
    {
        var others = (value.ExtensionStatus?.Conditions ?? []).Where(condition => condition.Type != type);
        ImmutableArray<ExtensionCondition> conditions = desired is null ? [.. others] : [.. others, desired];
        return Patch.Merge(new JsonObject
        {
            ["metadata"] = new JsonObject { ["resourceVersion"] = value.Metadata.ResourceVersion },
            ["status"] = new JsonObject
            {
                ["conditions"] = conditions.IsEmpty
                    ? null
                    : JsonSerializer.SerializeToNode(conditions, GardenerJson.Default.ImmutableArrayExtensionCondition),
            },
        });
    }
}
