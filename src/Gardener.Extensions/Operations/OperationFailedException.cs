// SPDX-License-Identifier: Apache-2.0

namespace Gardener.Extensions.Operations;

/// <summary>An operation failed, its status says so, and it is tried again with growing pauses.</summary>
/// <param name="message">The cause, as the status shows it.</param>
/// <param name="innerException">The cause.</param>
public sealed class OperationFailedException(string message, Exception innerException) : Exception(message, innerException);
