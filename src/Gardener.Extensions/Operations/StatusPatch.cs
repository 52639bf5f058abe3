// SPDX-License-Identifier: Apache-2.0

using System.Collections.Immutable;
using System.Text.Json.Nodes;
using Gardener.Extensions.Api;
using Kubernetes.Controllers.Client;

namespace Gardener.Extensions.Operations;

/// <summary>
/// Computes the JSON merge patch that takes an object's status to the next one. Only differing leaves appear, and a field that goes
/// is an explicit null, so that fields of other writers are never touched. (Gardener contract 2.7: status updates.)
/// </summary>
internal static class StatusPatch
{
    /// <summary>The patch, or null when the status already is as desired.</summary>
    public static Patch? Between(ExtensionStatus? current, ExtensionStatus desired)
    {
        var status = new JsonObject();
        AddObject(status, "lastOperation", OperationFields(current?.LastOperation), OperationFields(desired.LastOperation));
        AddObject(status, "lastError", ErrorFields(current?.LastError), ErrorFields(desired.LastError));
        if (current?.ObservedGeneration != desired.ObservedGeneration)
        {
            status["observedGeneration"] = desired.ObservedGeneration;
        }

        return status.Count == 0 ? null : Patch.Merge(new JsonObject { ["status"] = status });
    }

    private static void AddObject(JsonObject status, string name, JsonObject? current, JsonObject? desired)
    {
        if (desired is null)
        {
            if (current is not null)
            {
                status[name] = null;
            }

            return;
        }

        var changed = new JsonObject();
        foreach (var (field, value) in desired)
        {
            if (current is null || !JsonNode.DeepEquals(current[field], value))
            {
                changed[field] = value?.DeepClone();
            }
        }

        foreach (var (field, _) in current ?? [])
        {
            if (!desired.ContainsKey(field))
            {
                changed[field] = null;
            }
        }

        if (changed.Count > 0)
        {
            status[name] = changed;
        }
    }

    private static JsonObject? OperationFields(LastOperation? operation) => operation is null ? null : new JsonObject
    {
        ["description"] = operation.Description,
        ["lastUpdateTime"] = Timestamp(operation.LastUpdateTime),
        ["progress"] = operation.Progress,
        ["state"] = operation.State.ToString(),
        ["type"] = operation.Type.ToString(),
    };

    private static JsonObject? ErrorFields(LastError? error)
    {
        if (error is null)
        {
            return null;
        }

        var fields = new JsonObject { ["description"] = error.Description };
        if (error.Codes is { IsDefaultOrEmpty: false } codes)
        {
            fields["codes"] = CodeArray(codes);
        }

        if (error.LastUpdateTime is { } time)
        {
            fields["lastUpdateTime"] = Timestamp(time);
        }

        return fields;
    }

    private static JsonArray CodeArray(ImmutableArray<string> codes)
    {
        var array = new JsonArray();
        foreach (var code in codes)
        {
            array.Add((JsonNode)code);
        }

        return array;
    }

    private static string Timestamp(DateTimeOffset time) => WholeSecondsConverter.ToText(time);
}
