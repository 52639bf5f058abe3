// SPDX-License-Identifier: Apache-2.0

namespace RuntimeGVisor.NodeInstaller.CommandLine;

/// <summary>How a verb runs.</summary>
/// <param name="Json">Whether it prints JSON.</param>
/// <param name="Once">Whether it ends when the state is reached or cannot be reached.</param>
internal sealed record VerbOptions(bool Json, bool Once);
