// SPDX-License-Identifier: Apache-2.0

using Kubernetes.Controllers.Client;
using Kubernetes.Controllers.Events;
using k8s;
using k8s.Models;

namespace Testing.ApiServer;

/// <summary>Keeps what was recorded as lines: <c>Warning DeleteOverdue gvisor-a: message</c>.</summary>
public sealed class RecordedEvents : IEventRecorder
{
    private readonly List<string> _lines = [];

    public IReadOnlyList<string> Lines => _lines;

    public void Record(IKubernetesObject<V1ObjectMeta> value, EventType type, string reason, string message) =>
        _lines.Add($"{type} {reason} {ObjectKey.Of(value).Name}: {message}");
}
