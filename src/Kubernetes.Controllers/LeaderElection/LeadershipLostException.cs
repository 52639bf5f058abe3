// SPDX-License-Identifier: Apache-2.0

namespace Kubernetes.Controllers.LeaderElection;

/// <summary>Another process is or may be the leader; this one must end.</summary>
public sealed class LeadershipLostException(string message) : Exception(message);
