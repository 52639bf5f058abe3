// SPDX-License-Identifier: Apache-2.0

namespace Kubernetes.Controllers.Client;

/// <summary>What happens to the objects that an object owns when it is deleted.</summary>
public enum DeletionPropagation
{
    /// <summary>They are deleted afterwards. This is the server's default for most resources.</summary>
    Background,

    /// <summary>They are deleted first.</summary>
    Foreground,

    /// <summary>They stay.</summary>
    Orphan,
}
