// SPDX-License-Identifier: Apache-2.0

namespace RuntimeGVisor.NodeInstaller.Containerd;

/// <summary>
/// Runs a verb of this program among the node's own processes, which the installer's container does not see.
/// </summary>
/// <param name="arguments">The verb, one of <see cref="NodeVerbs"/>, and its arguments.</param>
/// <param name="timeout">After which it is ended.</param>
/// <param name="cancellationToken">Ends the waiting.</param>
/// <exception cref="Systemd.SystemdException">systemd cannot be reached or refuses.</exception>
internal delegate Task<NodeRun> NodeVerb(IReadOnlyList<string> arguments, TimeSpan timeout, CancellationToken cancellationToken);

/// <summary>What a program on the node did.</summary>
/// <param name="Succeeded">Whether it ended with exit code 0.</param>
/// <param name="Output">What it printed.</param>
/// <param name="Errors">What it wrote to its standard error.</param>
internal sealed record NodeRun(bool Succeeded, string Output, string Errors);
