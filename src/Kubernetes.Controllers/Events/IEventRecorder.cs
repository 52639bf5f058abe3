// SPDX-License-Identifier: Apache-2.0

using k8s;
using k8s.Models;

namespace Kubernetes.Controllers.Events;

/// <summary>Tells the people who look at an object (<c>kubectl describe</c>) what they should know of it.</summary>
public interface IEventRecorder
{
    /// <summary>Records an event. Returns at once and never fails: events are a courtesy, the work does not depend on them.</summary>
    /// <param name="value">The object that the event is about; its kind and version must be set.</param>
    /// <param name="type">Whether somebody should act.</param>
    /// <param name="reason">A word for programs, for example <c>FlagsIgnored</c>; one of few.</param>
    /// <param name="message">A sentence for people; stable as long as the facts are, since a new text is a new event.</param>
    void Record(IKubernetesObject<V1ObjectMeta> value, EventType type, string reason, string message);
}
