// SPDX-License-Identifier: Apache-2.0

using Gardener.Extensions.Api;
using Kubernetes.Controllers.Client;

namespace RuntimeGVisor.Controller.ContainerRuntimes;

/// <summary>
/// Names of the ManagedResources in a shoot's namespace. They equal those of the Go extension, which this one replaces in place:
/// two ManagedResources must never own the same objects. (Gardener contract 5.3.)
/// </summary>
internal static class ManagedResourceNames
{
    /// <summary>The label <c>origin</c> of every ManagedResource of this extension.</summary>
    public const string Origin = "extension-runtime-gvisor";

    /// <summary>What all pools of a shoot share.</summary>
    public static ObjectKey Shared(ContainerRuntime value) => new(value.Metadata.NamespaceProperty, "extension-runtime-gvisor");

    /// <summary>What belongs to the worker pool; null for an object without one, for which nothing was ever written.</summary>
    public static ObjectKey? Installation(ContainerRuntime value) => string.IsNullOrEmpty(value.Spec.WorkerPool.Name)
        ? null
        : new ObjectKey(value.Metadata.NamespaceProperty, $"extension-runtime-gvisor-installation-{value.Spec.WorkerPool.Name}");

    /// <summary>Those that a pool needs.</summary>
    public static IEnumerable<ObjectKey> All(ContainerRuntime value) =>
        Installation(value) is { } installation ? [installation, Shared(value)] : [Shared(value)];
}
