// SPDX-License-Identifier: Apache-2.0

using Gardener.Extensions.Api;
using Kubernetes.Controllers.Client;

namespace Gardener.Extensions.Health;

/// <summary>How the health of ManagedResources becomes a condition of the extension objects that they were made for.</summary>
/// <typeparam name="T">The kind of extension object.</typeparam>
public sealed record ExtensionHealthOptions<T>
    where T : class, IExtensionObject
{
    /// <summary>The ManagedResources of an object, in the order in which their trouble is told.</summary>
    public required Func<T, IEnumerable<ObjectKey>> ManagedResources { get; init; }

    /// <summary>Names what the object stands for, at the beginning of every message: <c>worker pool 'a'</c>.</summary>
    public required Func<T, string> Subject { get; init; }

    /// <summary>
    /// Default false: gardenlet judges ManagedResources by itself, and hears an extension before it does. False takes away a condition that is
    /// there: one that nobody updates would tell gardenlet of troubles of the past. (Gardener contract 4.6.)
    /// </summary>
    public bool IsEnabled { get; init; }

    /// <summary>
    /// A condition of which only the message changes is written no more often than this, since the resource manager counts every node
    /// of a rollout. Default 1 minute.
    /// </summary>
    public TimeSpan MessagePause { get; init; } = TimeSpan.FromMinutes(1);
}
