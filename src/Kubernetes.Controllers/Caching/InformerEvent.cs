// SPDX-License-Identifier: Apache-2.0

namespace Kubernetes.Controllers.Caching;

/// <summary>A change of an informer's cache. The cache already shows the new state.</summary>
/// <typeparam name="T">The type of the objects.</typeparam>
/// <param name="Type">What happened.</param>
/// <param name="Object">The object now; the last known state when it was deleted.</param>
/// <param name="Previous">The object before; null when it was added.</param>
/// <param name="IsInInitialList">The object was there when the informer started: nothing happened to it now.</param>
/// <param name="IsResync">Nothing happened; the informer reports what it has, so that a lost effect is noticed.</param>
public sealed record InformerEvent<T>(InformerEventType Type, T Object, T? Previous, bool IsInInitialList, bool IsResync)
    where T : class;
