// SPDX-License-Identifier: Apache-2.0

namespace RuntimeGVisor.ProviderConfiguration;

/// <summary>
/// The providerConfig cannot be decoded. Only its author can mend it. Gardener contract 5.4: the code is <c>ERR_CONFIGURATION_PROBLEM</c>.
/// </summary>
/// <param name="reason">What is wrong with it.</param>
public sealed class ProviderConfigurationException(string reason) : Exception($"could not decode provider config: {reason}");
