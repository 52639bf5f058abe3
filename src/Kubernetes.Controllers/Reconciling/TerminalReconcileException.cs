// SPDX-License-Identifier: Apache-2.0

namespace Kubernetes.Controllers.Reconciling;

/// <summary>A reconcile failed in a way that trying again does not cure: it is counted and logged, and waits for the next event.</summary>
public sealed class TerminalReconcileException(string message, Exception? innerException = null) : Exception(message, innerException);
