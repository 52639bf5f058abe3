// SPDX-License-Identifier: Apache-2.0

namespace Kubernetes.Controllers.Client;

/// <summary>What happened to an object.</summary>
public enum WatchEventType
{
    /// <summary>The object is new.</summary>
    Added,

    /// <summary>The object has changed.</summary>
    Modified,

    /// <summary>The object is gone.</summary>
    Deleted,

    /// <summary>Nothing happened; the version up to which the watch has reported has moved on.</summary>
    Bookmark,

    /// <summary>All objects that were there when the watch began have been reported (<see cref="WatchOptions.SendInitialEvents"/>).</summary>
    InitialEventsEnd,
}
