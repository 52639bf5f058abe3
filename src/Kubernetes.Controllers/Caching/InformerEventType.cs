// SPDX-License-Identifier: Apache-2.0

namespace Kubernetes.Controllers.Caching;

/// <summary>What an informer saw happen to an object.</summary>
public enum InformerEventType
{
    /// <summary>The object is new to the cache.</summary>
    Added,

    /// <summary>The object has changed, or is reported again (<see cref="InformerEvent{T}.IsResync"/>).</summary>
    Updated,

    /// <summary>The object is gone.</summary>
    Deleted,
}
