// SPDX-License-Identifier: Apache-2.0

namespace RuntimeGVisor.ProviderConfiguration;

/// <summary>
/// The providerConfig cannot be decoded. Only its author can mend it. Gardener contract 5.4: the code is <c>ERR_CONFIGURATION_PROBLEM</c>.
/// </summary>
/// <param name="reason">What is wrong with it.</param>
/// <param name="innerException">How it was found; null if that says no more.</param>
public sealed class ProviderConfigurationException(string reason, Exception? innerException = null)
    : Exception($"could not decode provider config: {reason}", innerException);
