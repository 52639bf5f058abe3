// SPDX-License-Identifier: Apache-2.0

namespace RuntimeGVisor.NodeInstaller.Convergence;

/// <summary>One change by somebody else.</summary>
/// <param name="Cause">Its kind.</param>
/// <param name="Description">A sentence for people.</param>
internal sealed record Drift(DriftCause Cause, string Description);
