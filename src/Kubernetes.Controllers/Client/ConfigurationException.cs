// SPDX-License-Identifier: Apache-2.0

namespace Kubernetes.Controllers.Client;

/// <summary>The configuration of the API client is missing or wrong; the message names the field and what is allowed.</summary>
public sealed class ConfigurationException(string message, Exception? innerException = null) : Exception(message, innerException);
