// SPDX-License-Identifier: Apache-2.0

using k8s;
using k8s.Models;

namespace Kubernetes.Controllers.Client;

/// <summary>
/// One object of a list, or one event of a watch. An <c>ERROR</c> event is not one of them: it ends the watch with an <see cref="ApiException"/>.
/// </summary>
/// <typeparam name="T">The type of the objects.</typeparam>
/// <param name="Type">What happened; also known when the object could not be decoded. <see cref="WatchEventType.Added"/> in a list.</param>
/// <param name="Object">The object, or its last state when it was deleted; null for bookmarks and for an object that could not be decoded.</param>
/// <param name="ResourceVersion">The object's version, from which a watch can go on after this event.</param>
/// <param name="Failure">Which object could not be decoded and why; null if it could.</param>
public readonly record struct Decoded<T>(WatchEventType Type, T? Object, string? ResourceVersion, UndecodableObject? Failure = null)
    where T : class, IKubernetesObject<V1ObjectMeta>
{
    /// <summary>The object's key; null for bookmarks.</summary>
    public ObjectKey? Key => Object is { } value ? ObjectKey.Of(value) : Failure?.Key;
}
