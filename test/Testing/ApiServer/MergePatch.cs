// SPDX-License-Identifier: Apache-2.0

using System.Text.Json.Nodes;

namespace Testing.ApiServer;

/// <summary>JSON merge patch as RFC 7396 defines it.</summary>
public static class MergePatch
{
    public static JsonNode? Apply(JsonNode? target, JsonNode? patch)
    {
        if (patch is not JsonObject changes)
        {
            return patch?.DeepClone();
        }

        var result = target is JsonObject ? (JsonObject)target.DeepClone() : [];
        foreach (var (name, change) in changes)
        {
            if (change is null)
            {
                result.Remove(name);
            }
            else
            {
                result[name] = Apply(result[name], change);
            }
        }

        return result;
    }
}
