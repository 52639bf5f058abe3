// SPDX-License-Identifier: Apache-2.0

namespace RuntimeGVisor.NodeInstaller.Systemd;

/// <summary>systemd cannot be reached, gives no answer or a damaged one, or refuses.</summary>
internal sealed class SystemdException(string message, Exception? cause = null) : Exception(message, cause);
