// SPDX-License-Identifier: Apache-2.0

using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Json;
using Microsoft.Extensions.Logging;

namespace Kubernetes.Controllers.Logging;

/// <summary>Writes each log entry as one line, at once, in one write.</summary>
internal sealed class LineLoggerProvider(Stream output, LogFormat format, TimeProvider time) : ILoggerProvider
{
    private const string OriginalFormat = "{OriginalFormat}";

    // Readable: quotes and angle brackets in messages are not escaped as \u0022.
    private static readonly JsonWriterOptions JsonOptions = new() { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private readonly Lock _lock = new();
    private readonly ArrayBufferWriter<byte> _line = new(1024);

    public ILogger CreateLogger(string categoryName) => new LineLogger(this, categoryName);

    public void Dispose()
    {
    }

    private static string NameOf(LogLevel level) => level switch
    {
        LogLevel.Trace or LogLevel.Debug => "debug",
        LogLevel.Information => "info",
        LogLevel.Warning => "warn",
        _ => "error",
    };

    private static void WriteValues<TState>(Utf8JsonWriter json, TState state, Exception? exception)
    {
        if (state is IReadOnlyList<KeyValuePair<string, object?>> values)
        {
            // By index: an enumerator would be allocated.
            for (var i = 0; i < values.Count; i++)
            {
                var (name, value) = values[i];
                if (name != OriginalFormat)
                {
                    json.WritePropertyName(JsonNamingPolicy.CamelCase.ConvertName(name));
                    WriteValue(json, value);
                }
            }
        }

        if (exception is not null)
        {
            json.WriteString("error", exception.Describe());
            if (!exception.IsFromOutside() && exception.StackTrace is { } stackTrace)
            {
                json.WriteString("stacktrace", stackTrace);
            }
        }
    }

    private static void WriteValue(Utf8JsonWriter json, object? value)
    {
        switch (value)
        {
            case null:
                json.WriteNullValue();
                break;
            case bool flag:
                json.WriteBooleanValue(flag);
                break;
            case int number:
                json.WriteNumberValue(number);
                break;
            case long number:
                json.WriteNumberValue(number);
                break;
            case double number when double.IsFinite(number):
                json.WriteNumberValue(number);
                break;
            default:
                json.WriteStringValue(Convert.ToString(value, CultureInfo.InvariantCulture));
                break;
        }
    }

    private void Write<TState>(LogLevel level, string category, TState state, Exception? exception, string message)
    {
        var timestamp = time.GetUtcNow().UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture);
        lock (_lock)
        {
            _line.ResetWrittenCount();
            if (format == LogFormat.Text)
            {
                Encoding.UTF8.GetBytes($"{timestamp}\t{NameOf(level).ToUpperInvariant()}\t{category}\t{message}\t", _line);
            }

            using (var json = new Utf8JsonWriter(_line, JsonOptions))
            {
                json.WriteStartObject();
                if (format == LogFormat.Json)
                {
                    json.WriteString("level", NameOf(level));
                    json.WriteString("ts", timestamp);
                    json.WriteString("logger", category);
                    json.WriteString("msg", message);
                }

                WriteValues(json, state, exception);
                json.WriteEndObject();
            }

            _line.Write("\n"u8);
            output.Write(_line.WrittenSpan);
            output.Flush();
        }
    }

    private sealed class LineLogger(LineLoggerProvider provider, string category) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel != LogLevel.None;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            provider.Write(logLevel, category, state, exception, formatter(state, exception));
    }
}
