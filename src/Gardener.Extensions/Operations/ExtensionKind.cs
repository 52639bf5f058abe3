// SPDX-License-Identifier: Apache-2.0

using Gardener.Extensions.Api;
using Kubernetes.Controllers.Client;

namespace Gardener.Extensions.Operations;

/// <summary>What the operation flow must know of a kind of extension objects.</summary>
/// <typeparam name="T">The kind.</typeparam>
/// <param name="Name">The controller's name in metrics and logs.</param>
/// <param name="Resource">How to reach its objects.</param>
/// <param name="Finalizer">The finalizer that keeps an object until the extension has cleaned up.</param>
public sealed record ExtensionKind<T>(string Name, ResourceDefinition<T> Resource, string Finalizer)
    where T : class, IExtensionObject;

/// <summary>The kinds that this library has API types for.</summary>
public static class ExtensionKinds
{
    /// <summary>Container runtimes. (Gardener contract 0: the finalizer never has a suffix.)</summary>
    public static ExtensionKind<ContainerRuntime> ContainerRuntime { get; } =
        new("containerruntime", GardenerResources.ContainerRuntimes, "extensions.gardener.cloud/containerruntime");
}
