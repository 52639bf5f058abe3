// SPDX-License-Identifier: Apache-2.0

namespace Hosting.Logging;

/// <summary>Exceptions as people want to read them in one line.</summary>
public static class ExceptionText
{
    /// <summary>The messages from the outside in: the outermost of a failed connection says nothing.</summary>
    public static string Describe(this Exception exception)
    {
        var text = $"{exception.GetType().Name}: {exception.Message}";
        for (var inner = exception.InnerException; inner is not null; inner = inner.InnerException)
        {
            if (!text.Contains(inner.Message, StringComparison.Ordinal))
            {
                text += $": {inner.Message}";
            }
        }

        return text;
    }

    /// <summary>Whether the message says it all: the fault lies outside of this process, so that the stack does not matter.</summary>
    public static bool IsExternal(this Exception exception) =>
        exception is IExternalFailure or HttpRequestException or TimeoutException || exception.InnerException?.IsExternal() == true;
}
