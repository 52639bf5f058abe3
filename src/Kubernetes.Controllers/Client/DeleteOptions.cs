// SPDX-License-Identifier: Apache-2.0

using System.Text.Json.Nodes;

namespace Kubernetes.Controllers.Client;

/// <summary>Conditions and consequences of a deletion.</summary>
public sealed record DeleteOptions
{
    /// <summary>Deletes only the object with this UID; another one answers 409.</summary>
    public string? Uid { get; init; }

    /// <summary>What happens to dependents; null leaves it to the server.</summary>
    public DeletionPropagation? Propagation { get; init; }

    internal byte[] ToJson()
    {
        var body = new JsonObject { ["apiVersion"] = "v1", ["kind"] = "DeleteOptions" };
        if (Uid is not null)
        {
            body["preconditions"] = new JsonObject { ["uid"] = Uid };
        }

        if (Propagation is { } propagation)
        {
            body["propagationPolicy"] = propagation.ToString();
        }

        return Patch.Encode(body);
    }
}
