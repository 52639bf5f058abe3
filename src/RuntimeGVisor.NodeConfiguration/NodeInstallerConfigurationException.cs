// SPDX-License-Identifier: Apache-2.0

namespace RuntimeGVisor.NodeConfiguration;

/// <summary>The node installer's configuration is wrong; the message lists every error.</summary>
/// <param name="errors">At least one error.</param>
public sealed class NodeInstallerConfigurationException(IReadOnlyList<ConfigurationError> errors)
    : Exception($"the node installer's configuration is wrong: {string.Join("; ", errors)}")
{
    /// <summary>Every error that was found.</summary>
    public IReadOnlyList<ConfigurationError> Errors { get; } = errors;
}
