// SPDX-License-Identifier: Apache-2.0

namespace Hosting.Logging;

/// <summary>
/// Implemented by exceptions whose fault lies outside of this process, such as an error that a server answered: the message says it all, so
/// that logs leave the stack trace out.
/// </summary>
public interface IExternalFailure
{
    /// <summary>What failed, in a sentence that needs no stack trace.</summary>
    string Message { get; }
}
