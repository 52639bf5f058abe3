// SPDX-License-Identifier: Apache-2.0

using System.Text.Json.Serialization;
using DiffPlex.Renderer;
using RuntimeGVisor.NodeInstaller.Convergence;

namespace RuntimeGVisor.NodeInstaller.CommandLine;

/// <summary>What <c>plan</c> prints.</summary>
/// <param name="Steps">What happens, in order.</param>
/// <param name="RestartsContainerd">Whether containerd is restarted, which cuts off exec sessions and log streams of the node.</param>
/// <param name="Files">The files that get another content.</param>
internal sealed record PlanReport(IReadOnlyList<PlannedStep> Steps, bool RestartsContainerd, IReadOnlyList<PlannedFile> Files)
{
    [JsonIgnore]
    public bool IsEmpty => Steps.Count == 0;
}

/// <summary>A step for people and programs.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Description">What it does on this node.</param>
internal sealed record PlannedStep(string Name, string Description);

/// <summary>A file that gets another content.</summary>
/// <param name="Path">The file.</param>
/// <param name="Diff">The difference as diff -u prints it.</param>
internal sealed record PlannedFile(string Path, string Diff)
{
    public static PlannedFile From(FileChange change) => new(
        change.Path,
        UnidiffRenderer.GenerateUnidiff(
            change.Before?.TrimEnd('\n') ?? "", change.After.TrimEnd('\n'), change.Before is null ? "/dev/null" : change.Path, change.Path));
}
