// SPDX-License-Identifier: Apache-2.0

using System.Collections.Concurrent;
using Gardener.Extensions.Api;
using Kubernetes.Controllers.Caching;
using Kubernetes.Controllers.Client;

namespace Gardener.Extensions.ManagedResources;

/// <summary>
/// Writes and deletes the ManagedResources of an extension with their secrets. Nothing here waits: a caller looks again when the
/// ManagedResource changes. Calls for one namespace must not overlap, which the work queue's serialization group guarantees.
/// </summary>
/// <param name="api">The seed's API server.</param>
/// <param name="cache">The cached ManagedResources; secrets are never cached.</param>
/// <param name="time">The clock.</param>
public sealed class ManagedResourceWriter(IApiClient api, IObjectStore<ManagedResource> cache, TimeProvider time)
{
    private const string SecretPrefix = "managedresource-";

    private readonly ReadYourWritesStore<ManagedResource> _known = new(cache, time);
    private readonly SecretWriter _secrets = new(api);

    /// <summary>The secret that this process wrote last for a ManagedResource.</summary>
    private readonly ConcurrentDictionary<ObjectKey, string> _secretsInPlace = new();

    /// <summary>The ManagedResources in deletion whose secrets this process has deleted.</summary>
    private readonly ConcurrentDictionary<ObjectKey, SentDeletion> _deletions = new();

    /// <summary>What is known to be gone with its secrets, so that a deletion in several steps asks only once.</summary>
    private readonly ConcurrentDictionary<ObjectKey, bool> _gone = new();

    /// <summary>The newest known state, or null.</summary>
    public ManagedResource? Find(ObjectKey key) => _known.Find(key);

    /// <summary>This process has sent the deletion of a ManagedResource, which has not been made anew since.</summary>
    public bool HasSentDeletion(ObjectKey key) => _deletions.ContainsKey(key) || _gone.ContainsKey(key);

    /// <summary>
    /// Brings a ManagedResource and its secret to the wanted content: the secret first, then the ManagedResource that refers to it.
    /// Writes nothing when nothing differs. A superseded secret is left to the resource manager's garbage collector.
    /// </summary>
    /// <returns>
    /// The ManagedResource. When it is being deleted nothing was written: it cannot be revived, only made anew once it is gone.
    /// </returns>
    public async Task<ManagedResource> ApplyAsync(ManagedResourceContent content, CancellationToken cancellationToken)
    {
        var current = _known.Find(content.Key);
        if (current?.Metadata.DeletionTimestamp is not null)
        {
            return current;
        }

        Forget(content.Key);
        _deletions.TryRemove(content.Key, out _);
        var secretName = ContentHash.UniqueName(SecretPrefix + content.Key.Name, content.Data);
        if (!IsSecretInPlace(content.Key, current, secretName))
        {
            await _secrets.WriteAsync(new ObjectKey(content.Key.Namespace, secretName), content.Data, cancellationToken);
            _secretsInPlace[content.Key] = secretName;
        }

        var applied = current is null
            ? await CreateAsync(content, secretName, cancellationToken)
            : await UpdateAsync(current, content, secretName, cancellationToken);
        _known.Wrote(applied);
        return applied;
    }

    /// <summary>
    /// Deletes a ManagedResource, then its secrets. The deletion is sent even if the cache knows of none: a cache that lags must not
    /// let objects in the shoot survive their extension.
    /// </summary>
    /// <param name="key">Namespace and name of the ManagedResource.</param>
    /// <param name="keepObjects">The objects stay in the shoot, as a migration wants.</param>
    /// <param name="cancellationToken">Ends the attempt.</param>
    /// <returns>What still exists, waiting for the resource manager; null when it is gone.</returns>
    public async Task<ManagedResource?> DeleteAsync(ObjectKey key, bool keepObjects, CancellationToken cancellationToken)
    {
        var current = _known.Find(key);
        if (current is null && (_gone.ContainsKey(key) || HasEnded(key)))
        {
            return null;
        }

        if (keepObjects && current?.Spec.KeepObjects != true)
        {
            current = await KeepObjectsAsync(key, cancellationToken);
        }

        var remaining = current?.Metadata.DeletionTimestamp is not null
            ? current
            : await api.DeleteAsync(GardenerResources.ManagedResources, key, options: null, cancellationToken);

        // Gone after its secrets were deleted needs no second look at them.
        if (!_deletions.TryGetValue(key, out var sent) || (remaining is not null && remaining.Metadata.Uid != sent.Uid))
        {
            await DeleteSecretsAsync(key, remaining ?? current, cancellationToken);
            _secretsInPlace.TryRemove(key, out _);
            sent = new SentDeletion(remaining?.Metadata.Uid, WasCached: false);
        }

        if (remaining is not null)
        {
            _deletions[key] = sent with { WasCached = sent.WasCached || cache.Find(key)?.Metadata.Uid == sent.Uid };
            _known.Wrote(remaining);
            return remaining;
        }

        _deletions.TryRemove(key, out _);
        _gone[key] = true;
        if (current is not null)
        {
            _known.Deleted(current);
        }

        return null;
    }

    /// <summary>Ends the memory of a deletion: its object needs nothing more, or begins anew.</summary>
    public void Forget(ObjectKey key) => _gone.TryRemove(key, out _);

    /// <summary>
    /// The cache has held the ManagedResource and holds it no more. One that it never held may only be late, and the server must be asked.
    /// </summary>
    private bool HasEnded(ObjectKey key)
    {
        if (!_deletions.TryGetValue(key, out var sent) || !sent.WasCached)
        {
            return false;
        }

        _gone[key] = true;
        _deletions.TryRemove(key, out _);
        return true;
    }

    /// <summary>
    /// Secrets are not watched. One is in place if this process wrote it, or if the resource manager has read it; unless the
    /// resource manager says that it cannot.
    /// </summary>
    private bool IsSecretInPlace(ObjectKey key, ManagedResource? current, string secretName)
    {
        if (current is null || current.Spec.SecretRefs is not [var reference] || reference.Name != secretName)
        {
            return false;
        }

        return current.IsApplied()
            || (_secretsInPlace.TryGetValue(key, out var written)
                && written == secretName
                && current.Condition(ManagedResourceCondition.ResourcesApplied)?.Reason != "CannotReadSecret");
    }

    private async Task<ManagedResource> CreateAsync(ManagedResourceContent content, string secretName, CancellationToken cancellationToken)
    {
        var wanted = ManagedResourcePatch.New(content, secretName);
        try
        {
            return await api.CreateAsync(GardenerResources.ManagedResources, wanted, cancellationToken);
        }
        catch (ApiException e) when (e.IsAlreadyExists)
        {
            var current = await api.FindAsync(GardenerResources.ManagedResources, content.Key, cancellationToken);
            return current switch
            {
                null => await api.CreateAsync(GardenerResources.ManagedResources, wanted, cancellationToken),
                { Metadata.DeletionTimestamp: not null } => current,
                _ => await UpdateAsync(current, content, secretName, cancellationToken),
            };
        }
    }

    private async Task<ManagedResource> UpdateAsync(
        ManagedResource current, ManagedResourceContent content, string secretName, CancellationToken cancellationToken)
    {
        if (ManagedResourcePatch.Between(current, content, secretName) is not { } patch)
        {
            return current;
        }

        foreach (var superseded in current.Spec.SecretRefs.Where(secret => secret.Name != secretName))
        {
            await _secrets.ReleaseAsync(new ObjectKey(content.Key.Namespace, superseded.Name), cancellationToken);
        }

        try
        {
            return await api.PatchAsync(GardenerResources.ManagedResources, content.Key, patch, null, cancellationToken);
        }
        catch (ApiException e) when (e.IsNotFound)
        {
            return await api.CreateAsync(GardenerResources.ManagedResources, ManagedResourcePatch.New(content, secretName), cancellationToken);
        }
    }

    private async Task<ManagedResource?> KeepObjectsAsync(ObjectKey key, CancellationToken cancellationToken)
    {
        try
        {
            return await api.PatchAsync(GardenerResources.ManagedResources, key, ManagedResourcePatch.KeepObjects(), null, cancellationToken);
        }
        catch (ApiException e) when (e.IsNotFound)
        {
            return null;
        }
    }

    private async Task DeleteSecretsAsync(ObjectKey key, ManagedResource? value, CancellationToken cancellationToken)
    {
        // Releases before immutable secrets used the name without a hash. (Gardener contract 4.3.)
        var names = new HashSet<string>(StringComparer.Ordinal) { SecretPrefix + key.Name };
        names.UnionWith((value?.Spec.SecretRefs ?? []).Select(secret => secret.Name));
        foreach (var name in names)
        {
            await api.DeleteAsync(GardenerResources.Secrets, new ObjectKey(key.Namespace, name), options: null, cancellationToken);
        }
    }

    private sealed record SentDeletion(string? Uid, bool WasCached);
}
