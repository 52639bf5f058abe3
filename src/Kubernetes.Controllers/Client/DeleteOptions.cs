// SPDX-License-Identifier: Apache-2.0

using System.Text.Json.Nodes;

namespace Kubernetes.Controllers.Client;

/// <summary>What happens to the objects that an object owns when it is deleted.</summary>
public enum DeletionPropagation
{
    /// <summary>They are deleted afterwards. This is the server's default for most resources.</summary>
    Background,

    /// <summary>They are deleted first.</summary>
    Foreground,

    /// <summary>They stay.</summary>
    Orphan,
}

/// <summary>Conditions and consequences of a deletion.</summary>
public sealed record DeleteOptions
{
    /// <summary>Deletes only the object with this UID; another one answers 409.</summary>
    public string? Uid { get; init; }

    /// <summary>Deletes only this version of the object; another one answers 409.</summary>
    public string? ResourceVersion { get; init; }

    /// <summary>What happens to dependents; null leaves it to the server.</summary>
    public DeletionPropagation? Propagation { get; init; }

    /// <summary>Time that a pod gets to stop; null leaves it to the server.</summary>
    public TimeSpan? GracePeriod { get; init; }

    internal byte[] ToJson()
    {
        var body = new JsonObject { ["apiVersion"] = "v1", ["kind"] = "DeleteOptions" };
        if (Uid is not null || ResourceVersion is not null)
        {
            var preconditions = new JsonObject();
            if (Uid is not null)
            {
                preconditions["uid"] = Uid;
            }

            if (ResourceVersion is not null)
            {
                preconditions["resourceVersion"] = ResourceVersion;
            }

            body["preconditions"] = preconditions;
        }

        if (Propagation is { } propagation)
        {
            body["propagationPolicy"] = propagation switch
            {
                DeletionPropagation.Foreground => "Foreground",
                DeletionPropagation.Orphan => "Orphan",
                _ => "Background",
            };
        }

        if (GracePeriod is { } gracePeriod)
        {
            body["gracePeriodSeconds"] = (long)gracePeriod.TotalSeconds;
        }

        return Patch.Encode(body);
    }
}
