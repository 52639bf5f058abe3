// SPDX-License-Identifier: Apache-2.0

namespace Kubernetes.Controllers.Client;

/// <summary>Where a watch begins and how long it lasts.</summary>
public sealed record WatchOptions
{
    /// <summary>The version after which changes are reported.</summary>
    public required string ResourceVersion { get; init; }

    /// <summary>The server ends the watch after this time (whole seconds).</summary>
    public required TimeSpan Timeout { get; init; }

    /// <summary>Label selector in Kubernetes' syntax; null selects everything.</summary>
    public string? LabelSelector { get; init; }

    /// <summary>Field selector in Kubernetes' syntax; null selects everything.</summary>
    public string? FieldSelector { get; init; }
}

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

    /// <summary>Something happened to an object that could not be decoded.</summary>
    Undecodable,
}

/// <summary>One event of a watch. An <c>ERROR</c> event is not one of them: it ends the watch with an <see cref="ApiException"/>.</summary>
/// <typeparam name="T">The type of the objects.</typeparam>
/// <param name="Type">What happened.</param>
/// <param name="Object">The object after the event, or its last state when it was deleted; null for bookmarks and undecodable objects.</param>
/// <param name="ResourceVersion">The version from which a watch can go on after this event.</param>
/// <param name="Failure">Set when <paramref name="Type"/> is <see cref="WatchEventType.Undecodable"/>.</param>
public readonly record struct WatchEvent<T>(WatchEventType Type, T? Object, string? ResourceVersion, DecodeFailure? Failure = null)
    where T : class;
