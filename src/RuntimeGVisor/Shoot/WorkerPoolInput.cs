// SPDX-License-Identifier: Apache-2.0

using RuntimeGVisor.NodeConfiguration;
using k8s.Models;

namespace RuntimeGVisor.Shoot;

/// <summary>Everything that the objects of one worker pool depend on.</summary>
public sealed record WorkerPoolInput
{
    /// <summary>The pool's name (<c>spec.workerPool.name</c>), a DNS label.</summary>
    public required string? PoolName { get; init; }

    /// <summary>The directory for executables on the node (<c>spec.binaryPath</c>).</summary>
    public required string? BinaryPath { get; init; }

    /// <summary>Selects the pool's nodes (<c>spec.workerPool.selector</c>). As everywhere in Kubernetes, an empty one selects all.</summary>
    public V1LabelSelector? Selector { get; init; }

    /// <summary>The installer's image, ready to pull.</summary>
    public required string Image { get; init; }

    /// <summary>The most nodes that the pool may have; null where that is not known.</summary>
    public int? PoolMaximum { get; init; }

    /// <summary>What the nodes shall be brought to. Default: installed.</summary>
    public DesiredState DesiredState { get; init; } = DesiredState.Installed;

    /// <summary>The lines for runsc, as <see cref="RunscFlags.Select"/> returns them. They do not matter when uninstalling.</summary>
    public IReadOnlyList<RunscFlagValue> RunscFlags { get; init; } = [];

    /// <summary>
    /// Whether nodes stay closed to workload until the installer is ready on them (<c>node.gardener.cloud/critical-component</c>). It keeps
    /// pods from starting before their handler exists, at the price that a failed installation keeps the whole node empty. Default: no.
    /// </summary>
    public bool IsCriticalForNode { get; init; }
}
