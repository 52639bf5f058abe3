// SPDX-License-Identifier: Apache-2.0

using k8s;
using k8s.Models;

namespace Kubernetes.Controllers.Events;

/// <summary>Records nothing: for programs without a cluster.</summary>
public sealed class NullEventRecorder : IEventRecorder
{
    private NullEventRecorder()
    {
    }

    /// <summary>The only instance: it has no state.</summary>
    public static NullEventRecorder Instance { get; } = new();

    /// <inheritdoc/>
    public void Record(IKubernetesObject<V1ObjectMeta> value, EventType type, string reason, string message)
    {
    }
}
