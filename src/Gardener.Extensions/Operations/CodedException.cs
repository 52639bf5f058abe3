// SPDX-License-Identifier: Apache-2.0

using System.Collections.Immutable;

namespace Gardener.Extensions.Operations;

/// <summary>An error that gardenlet knows by its codes. It is not retried: only a new wish of the shoot's owner can mend it.</summary>
/// <param name="message">The message for the shoot's owner.</param>
/// <param name="codes">Codes for <c>lastError.codes</c>, see <see cref="Api.ErrorCode"/>.</param>
/// <param name="innerException">The cause.</param>
public sealed class CodedException(string message, ImmutableArray<string> codes, Exception? innerException = null)
    : Exception(message, innerException)
{
    /// <summary>Codes for <c>lastError.codes</c>.</summary>
    public ImmutableArray<string> Codes { get; } = codes;
}
