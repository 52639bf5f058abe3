// SPDX-License-Identifier: Apache-2.0

using System.Collections.Concurrent;
using System.Globalization;
using Kubernetes.Controllers.Client;
using k8s;
using k8s.Models;

namespace Kubernetes.Controllers.Caching;

/// <summary>
/// A cached store that also knows what this process wrote a moment ago. A watch delivers own writes late; deciding on the state
/// before them would repeat or lose work. An own write counts until the watch has caught up, but no longer than
/// <see cref="MaxAge"/>, so that a deletion by somebody else in between shows soon.
/// </summary>
/// <typeparam name="T">The type of the objects.</typeparam>
/// <param name="store">The cache that a watch fills.</param>
/// <param name="time">The clock.</param>
public sealed class ReadYourWritesStore<T>(IObjectStore<T> store, TimeProvider time)
    where T : class, IKubernetesObject<V1ObjectMeta>
{
    private readonly ConcurrentDictionary<ObjectKey, OwnWrite> _ownWrites = new();
    private long _forgottenAt = time.GetTimestamp();

    /// <summary>How long an own write outweighs the cache. Default 10 s.</summary>
    public TimeSpan MaxAge { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>The newest known state, or null when the object does not exist.</summary>
    public T? Find(ObjectKey key)
    {
        var cached = store.Find(key);
        if (!_ownWrites.TryGetValue(key, out var own))
        {
            return cached;
        }

        if (IsOutdated(own) || own.IsKnownTo(cached))
        {
            _ownWrites.TryRemove(KeyValuePair.Create(key, own));
            return cached;
        }

        return own.Object;
    }

    /// <summary>Remembers the server's answer to an own write.</summary>
    public void RecordWrite(T answer) => Remember(ObjectKey.Of(answer), new OwnWrite(answer, answer.Metadata.Uid, VersionOf(answer), time.GetTimestamp()));

    /// <summary>Remembers that an object is gone.</summary>
    public void RecordDelete(T value) => Remember(ObjectKey.Of(value), new OwnWrite(null, value.Metadata.Uid, null, time.GetTimestamp()));

    private void Remember(ObjectKey key, OwnWrite own)
    {
        _ownWrites[key] = own;
        ForgetOutdated();
    }

    /// <summary>Nobody asks for an object again that is gone, so what was written of it would stay for ever.</summary>
    private void ForgetOutdated()
    {
        if (time.GetElapsedTime(Volatile.Read(ref _forgottenAt)) <= MaxAge)
        {
            return;
        }

        Volatile.Write(ref _forgottenAt, time.GetTimestamp());
        foreach (var entry in _ownWrites)
        {
            if (IsOutdated(entry.Value))
            {
                _ownWrites.TryRemove(entry);
            }
        }
    }

    private bool IsOutdated(OwnWrite own) => time.GetElapsedTime(own.At) > MaxAge;

    /// <summary>Versions of one resource are ordered. One that is no number compares as unknown, so that the own write counts.</summary>
    private static ulong? VersionOf(T value) =>
        ulong.TryParse(value.Metadata.ResourceVersion, NumberStyles.None, CultureInfo.InvariantCulture, out var version) ? version : null;

    private sealed record OwnWrite(T? Object, string? Uid, ulong? Version, long At)
    {
        // What was being deleted and is not in the cache is gone, rather than new: it must not be waited for any longer.
        public bool IsKnownTo(T? cached) => Object is null
            ? cached?.Metadata.Uid != Uid
            : cached is null ? Object.Metadata.DeletionTimestamp is not null
            : (cached.Metadata.Uid == Uid ? VersionOf(cached) >= Version : VersionOf(cached) > Version);
    }
}
