// SPDX-License-Identifier: Apache-2.0

using System.Collections.Immutable;

namespace Gardener.Extensions.Operations;

/// <summary>
/// What the object asks for is wrong. It is not tried again: only a new wish can mend it. gardenlet acts on the codes, if there are any.
/// </summary>
/// <param name="message">The message for the shoot's owner.</param>
/// <param name="codes">Codes for <c>lastError.codes</c>, see <see cref="Api.ErrorCode"/>.</param>
/// <param name="innerException">The cause.</param>
public sealed class CodedException(string message, ImmutableArray<string> codes, Exception? innerException = null)
    : Exception(message, innerException)
{
    /// <summary>Codes for <c>lastError.codes</c>.</summary>
    public ImmutableArray<string> Codes { get; } = codes;
}
