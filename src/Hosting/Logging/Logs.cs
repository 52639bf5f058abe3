// SPDX-License-Identifier: Apache-2.0

using Microsoft.Extensions.Logging;

namespace Hosting.Logging;

/// <summary>Loggers that write as controller-runtime's zap does, so that the log pipelines of a cluster understand them.</summary>
public static class Logs
{
    /// <summary>Loggers that write lines to a stream.</summary>
    /// <param name="output">Usually standard error; it is not closed.</param>
    /// <param name="format">JSON or text.</param>
    /// <param name="minimumLevel">What is less important is left out.</param>
    /// <param name="time">Gives the lines their time.</param>
    public static ILoggerFactory Create(Stream output, LogFormat format, LogLevel minimumLevel, TimeProvider time)
    {
        var filter = new LoggerFilterOptions { MinLevel = minimumLevel };

        // The web server's own life is of no interest.
        filter.Rules.Add(new LoggerFilterRule(null, "Microsoft", minimumLevel > LogLevel.Warning ? minimumLevel : LogLevel.Warning, null));
        return new LoggerFactory([new LineLoggerProvider(output, format, time)], filter);
    }

    /// <summary>Reads a level as the flag <c>--log-level</c> has it.</summary>
    /// <exception cref="FormatException">It is none of debug, info and error.</exception>
    public static LogLevel ParseLevel(string text) => text switch
    {
        "debug" => LogLevel.Debug,
        "info" => LogLevel.Information,
        "error" => LogLevel.Error,
        _ => throw new FormatException($"'{text}' is no log level; allowed are debug, info and error"),
    };

    /// <summary>Reads a format as the flag <c>--log-format</c> has it.</summary>
    /// <exception cref="FormatException">It is neither json nor text.</exception>
    public static LogFormat ParseFormat(string text) => text switch
    {
        "json" => LogFormat.Json,
        "text" => LogFormat.Text,
        _ => throw new FormatException($"'{text}' is no log format; allowed are json and text"),
    };
}
