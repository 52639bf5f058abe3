// SPDX-License-Identifier: Apache-2.0

using System.Text.Json;
using System.Text.Json.Serialization;
using k8s.Models;

namespace Gardener.Extensions.Api;

/// <summary>
/// A container runtime that the worker pool of a shoot asked for. gardenlet creates one for each pool and runtime type in the
/// shoot's namespace of the seed, named <c>type-pool</c>. (Gardener contract 1.1: <c>extensions.gardener.cloud/v1alpha1</c>.)
/// </summary>
public sealed record ContainerRuntime : IExtensionObject
{
    /// <inheritdoc/>
    public string ApiVersion { get; set; } = "extensions.gardener.cloud/v1alpha1";

    /// <inheritdoc/>
    public string Kind { get; set; } = "ContainerRuntime";

    /// <inheritdoc/>
    public V1ObjectMeta Metadata { get; set; } = new();

    /// <summary>What the shoot's owner asked for.</summary>
    public ContainerRuntimeSpec Spec { get; init => field = value ?? new(); } = new();

    /// <summary>What the extension reported last.</summary>
    public ExtensionStatus? Status { get; init; }

    [JsonIgnore]
    string? IExtensionObject.ExtensionType => Spec.Type;

    [JsonIgnore]
    string? IExtensionObject.ExtensionClass => Spec.Class;

    [JsonIgnore]
    ExtensionStatus? IExtensionObject.ExtensionStatus => Status;
}

/// <summary>The wish of a worker pool for a container runtime.</summary>
public sealed record ContainerRuntimeSpec
{
    /// <summary>The runtime's type, for example <c>gvisor</c>; immutable.</summary>
    public string? Type { get; init; }

    /// <summary><c>garden</c>, <c>seed</c> or <c>shoot</c>; absent means <c>shoot</c>.</summary>
    public string? Class { get; init; }

    /// <summary>The extension's own configuration, as the shoot's owner wrote it; absent when there is none.</summary>
    public JsonElement? ProviderConfig { get; init; }

    /// <summary>The directory on the node for the runtime's executables; gardenlet writes <c>/var/bin/containerruntimes</c>.</summary>
    public string? BinaryPath { get; init; }

    /// <summary>The pool of nodes that gets the runtime.</summary>
    public ContainerRuntimeWorkerPool WorkerPool { get; init => field = value ?? new(); } = new();
}

/// <summary>A worker pool of the shoot.</summary>
public sealed record ContainerRuntimeWorkerPool
{
    /// <summary>The pool's name; immutable.</summary>
    public string? Name { get; init; }

    /// <summary>Selects the pool's nodes in the shoot.</summary>
    public V1LabelSelector? Selector { get; init; }
}
