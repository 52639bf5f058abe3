// SPDX-License-Identifier: Apache-2.0

namespace Kubernetes.Controllers.Events;

/// <summary>Whether an event asks somebody to act.</summary>
public enum EventType
{
    /// <summary>Good to know.</summary>
    Normal,

    /// <summary>Somebody should do something.</summary>
    Warning,
}
