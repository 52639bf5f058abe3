// SPDX-License-Identifier: Apache-2.0

using RuntimeGVisor.NodeConfiguration;

namespace RuntimeGVisor.Validation;

/// <summary>A policy file cannot be used; the message lists every error with its field.</summary>
/// <param name="errors">At least one error.</param>
public sealed class FlagPolicyException(IReadOnlyList<ConfigurationError> errors) : Exception($"the policy is wrong: {string.Join("; ", errors)}");
