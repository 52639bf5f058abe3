// SPDX-License-Identifier: Apache-2.0

using System.Collections.Immutable;
using System.Text.Json.Nodes;
using Gardener.Extensions.Api;
using Kubernetes.Controllers.Client;
using k8s.Models;

namespace Gardener.Extensions.ManagedResources;

/// <summary>Writes the immutable secrets of ManagedResources (Gardener contract 1.4: secret conventions).</summary>
internal sealed class SecretWriter(IApiClient api)
{
    /// <summary>Creates the secret; one that exists is looked at and corrected.</summary>
    public async Task WriteAsync(
        ObjectKey key, ImmutableSortedDictionary<string, ReadOnlyMemory<byte>> data, CancellationToken cancellationToken)
    {
        var desired = New(key, data);
        try
        {
            await api.CreateAsync(GardenerResources.Secrets, desired, cancellationToken);
            return;
        }
        catch (ApiException exception) when (exception.IsAlreadyExists)
        {
        }

        var current = await api.FindAsync(GardenerResources.Secrets, key, cancellationToken);
        if (current is not null && IsSame(current, desired))
        {
            return;
        }

        // The name is the content's hash: other content under it was tampered with, and immutable data cannot be corrected in place.
        await api.DeleteAsync(GardenerResources.Secrets, key, propagation: null, cancellationToken);
        await api.CreateAsync(GardenerResources.Secrets, desired, cancellationToken);
    }

    /// <summary>Hands a superseded secret to the resource manager's garbage collector; secrets of old releases lack the label.</summary>
    public async Task ReleaseAsync(ObjectKey key, CancellationToken cancellationToken)
    {
        var label = new JsonObject { ["metadata"] = new JsonObject { ["labels"] = new JsonObject { [GardenerLabels.GarbageCollectable] = "true" } } };
        try
        {
            await api.PatchAsync(GardenerResources.Secrets, key, Patch.Merge(label), null, cancellationToken);
        }
        catch (ApiException exception) when (exception.IsNotFound)
        {
        }
    }

    private static V1Secret New(ObjectKey key, ImmutableSortedDictionary<string, ReadOnlyMemory<byte>> data) => new()
    {
        ApiVersion = "v1",
        Kind = "Secret",
        Metadata = new()
        {
            Name = key.Name,
            NamespaceProperty = key.Namespace,
            Labels = new Dictionary<string, string>(StringComparer.Ordinal) { [GardenerLabels.GarbageCollectable] = "true" },
        },
        Type = "Opaque",
        Immutable = true,
        Data = data.ToDictionary(entry => entry.Key, entry => entry.Value.ToArray(), StringComparer.Ordinal),
    };

    private static bool IsSame(V1Secret current, V1Secret desired) =>
        current.Metadata.DeletionTimestamp is null
        && current.Immutable == true
        && current.Type == desired.Type
        && current.Metadata.Labels is { } labels
        && labels.TryGetValue(GardenerLabels.GarbageCollectable, out var label)
        && label == "true"
        && current.Data?.Count == desired.Data.Count
        && desired.Data.All(entry => current.Data.TryGetValue(entry.Key, out var value) && value.AsSpan().SequenceEqual(entry.Value));
}
