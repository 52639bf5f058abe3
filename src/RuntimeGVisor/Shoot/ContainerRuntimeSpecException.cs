// SPDX-License-Identifier: Apache-2.0

using RuntimeGVisor.NodeConfiguration;

namespace RuntimeGVisor.Shoot;

/// <summary>A ContainerRuntime's spec asks for what cannot be rendered; the message lists every error with its field.</summary>
/// <param name="errors">At least one error; the fields begin with <c>spec.</c>.</param>
public sealed class ContainerRuntimeSpecException(IReadOnlyList<ConfigurationError> errors)
    : Exception($"the ContainerRuntime is wrong: {string.Join("; ", errors)}")
{
    /// <summary>Every error that was found.</summary>
    public IReadOnlyList<ConfigurationError> Errors { get; } = errors;
}
