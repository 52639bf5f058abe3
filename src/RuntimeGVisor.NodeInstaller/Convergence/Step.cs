// SPDX-License-Identifier: Apache-2.0

namespace RuntimeGVisor.NodeInstaller.Convergence;

/// <summary>One step of a plan: <c>plan</c> prints it and <c>install</c> runs it.</summary>
/// <param name="Name">Which.</param>
/// <param name="Description">What it does on this node, for people.</param>
internal sealed record Step(StepName Name, string Description);
