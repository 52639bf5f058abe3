// SPDX-License-Identifier: Apache-2.0

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

    /// <summary>How long a deletion may be seen to go on before the server is asked: the event of its end can be lost.</summary>
    private static readonly TimeSpan ConfirmDeletionAfter = TimeSpan.FromSeconds(30);

    private readonly ReadYourWritesStore<ManagedResource> _known = new(cache, time);
    private readonly SecretWriter _secrets = new(api);

    /// <summary>The newest known state, or null.</summary>
    public ManagedResource? Find(ObjectKey key) => _known.Find(key);

    /// <summary>The newest known state, or null; a deletion that has been seen to go on for a while is confirmed by the server.</summary>
    public async Task<ManagedResource?> FindAsync(ObjectKey key, CancellationToken cancellationToken) =>
        _known.Find(key) is { Metadata.DeletionTimestamp: { } since } seen
            && time.GetUtcNow() - new DateTimeOffset(since.ToUniversalTime()) >= ConfirmDeletionAfter
            ? Record(seen, await api.FindAsync(GardenerResources.ManagedResources, key, cancellationToken))
            : _known.Find(key);

    /// <summary>
    /// Brings a ManagedResource and its secret to the desired content: the secret first, then the ManagedResource that refers to it.
    /// Writes nothing when nothing differs. A superseded secret is left to the resource manager's garbage collector.
    /// </summary>
    /// <returns>
    /// The ManagedResource. When it is being deleted nothing was written: it cannot be revived, only made anew once it is gone.
    /// </returns>
    public async Task<ManagedResource> ApplyAsync(ManagedResourceContent content, CancellationToken cancellationToken)
    {
        var current = await FindAsync(content.Key, cancellationToken);
        if (current?.Metadata.DeletionTimestamp is not null)
        {
            return current;
        }

        var secretName = ContentHash.UniqueName(SecretPrefix + content.Key.Name, content.Data);
        if (!IsSecretInPlace(current, secretName))
        {
            await _secrets.WriteAsync(new ObjectKey(content.Key.Namespace, secretName), content.Data, cancellationToken);
        }

        var applied = current is null
            ? await CreateAsync(content, secretName, cancellationToken)
            : await UpdateAsync(current, content, secretName, cancellationToken);
        _known.RecordWrite(applied);
        return applied;
    }

    /// <summary>
    /// Deletes a ManagedResource, then its secrets. The deletion is sent even if the cache knows of none: a cache that lags must not
    /// let objects in the shoot survive their extension. No deletion is sent for one that is seen to be going; what an end of the process left
    /// of its secrets is the garbage collector's.
    /// </summary>
    /// <param name="key">Namespace and name of the ManagedResource.</param>
    /// <param name="keepObjects">The objects stay in the shoot, as a migration wants.</param>
    /// <param name="cancellationToken">Ends the attempt.</param>
    /// <returns>What still exists, waiting for the resource manager; null when it is gone.</returns>
    public async Task<ManagedResource?> DeleteAsync(ObjectKey key, bool keepObjects, CancellationToken cancellationToken)
    {
        var current = await FindAsync(key, cancellationToken);
        if (keepObjects && current?.Spec.KeepObjects != true)
        {
            current = await KeepObjectsAsync(key, cancellationToken);
        }

        if (current?.Metadata.DeletionTimestamp is not null)
        {
            return current;
        }

        var remaining = await api.DeleteAsync(GardenerResources.ManagedResources, key, propagation: null, cancellationToken);
        if ((remaining ?? current) is { } deleted)
        {
            await DeleteSecretsAsync(deleted, cancellationToken);
        }

        return Record(current, remaining);
    }

    private ManagedResource? Record(ManagedResource? before, ManagedResource? after)
    {
        if (after is not null)
        {
            _known.RecordWrite(after);
        }
        else if (before is not null)
        {
            _known.RecordDelete(before);
        }

        return after;
    }

    /// <summary>
    /// Secrets are not watched. A ManagedResource refers to its secret only after that was written, so it is in place unless the resource
    /// manager says that it cannot read it.
    /// </summary>
    private static bool IsSecretInPlace(ManagedResource? current, string secretName) =>
        current?.Spec.SecretRefs is [var reference]
        && reference.Name == secretName
        && current.Condition(ManagedResourceCondition.ResourcesApplied)?.Reason != "CannotReadSecret";

    private async Task<ManagedResource> CreateAsync(ManagedResourceContent content, string secretName, CancellationToken cancellationToken)
    {
        var desired = ManagedResourcePatch.New(content, secretName);
        try
        {
            return await api.CreateAsync(GardenerResources.ManagedResources, desired, cancellationToken);
        }
        catch (ApiException exception) when (exception.IsAlreadyExists)
        {
            var current = await api.FindAsync(GardenerResources.ManagedResources, content.Key, cancellationToken);
            return current switch
            {
                null => await api.CreateAsync(GardenerResources.ManagedResources, desired, cancellationToken),
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
        catch (ApiException exception) when (exception.IsNotFound)
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
        catch (ApiException exception) when (exception.IsNotFound)
        {
            return null;
        }
    }

    private async Task DeleteSecretsAsync(ManagedResource value, CancellationToken cancellationToken)
    {
        // Releases before immutable secrets used the name without a hash. (Gardener contract 4.3.)
        string[] names = [SecretPrefix + value.Metadata.Name, .. value.Spec.SecretRefs.Select(secret => secret.Name)];
        foreach (var name in names.Distinct(StringComparer.Ordinal))
        {
            await api.DeleteAsync(GardenerResources.Secrets, new ObjectKey(value.Metadata.NamespaceProperty, name), propagation: null, cancellationToken);
        }
    }
}
