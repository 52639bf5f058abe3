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

    /// <summary>The first one in a chain of causes, or null. (Gardener contract 2.7: an error has the codes of its causes.)</summary>
    public static CodedException? FindIn(Exception? exception) => exception switch
    {
        null => null,
        CodedException coded => coded,
        AggregateException aggregate => aggregate.InnerExceptions.Select(FindIn).FirstOrDefault(coded => coded is not null),
        _ => FindIn(exception.InnerException),
    };
}
