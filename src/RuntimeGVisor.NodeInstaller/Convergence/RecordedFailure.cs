// SPDX-License-Identifier: Apache-2.0

namespace RuntimeGVisor.NodeInstaller.Convergence;

/// <summary>Why the last reconcile failed.</summary>
/// <param name="Reason">Its kind.</param>
/// <param name="Message">The same for people.</param>
/// <param name="Time">When.</param>
/// <param name="Attempts">Reconciles in a row that failed for this reason.</param>
internal sealed record RecordedFailure(FailureReason Reason, string Message, DateTimeOffset Time, int Attempts);
