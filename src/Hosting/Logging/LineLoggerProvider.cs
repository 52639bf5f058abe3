// SPDX-License-Identifier: Apache-2.0

using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Json;
using Microsoft.Extensions.Logging;

namespace Hosting.Logging;

/// <summary>Writes each log entry as one line, at once, in one write.</summary>
internal sealed class LineLoggerProvider(Stream output, LogFormat format, TimeProvider time) : ILoggerProvider, ISupportExternalScope
{
    private const string OriginalFormat = "{OriginalFormat}";

    // Readable: quotes and angle brackets in messages are not escaped as \u0022.
    private static readonly JsonWriterOptions JsonOptions = new() { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private readonly Lock _lock = new();
    private readonly ArrayBufferWriter<byte> _line = new(1024);
    private IExternalScopeProvider? _scopes;

    public ILogger CreateLogger(string categoryName) => new LineLogger(this, categoryName);

    public void SetScopeProvider(IExternalScopeProvider scopeProvider) => _scopes = scopeProvider;

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

    /// <summary>What surrounds the line comes first; the line's own values win over those of the same name.</summary>
    private void WriteValues<TState>(Utf8JsonWriter json, TState state, Exception? exception)
    {
        var own = state as IReadOnlyList<KeyValuePair<string, object?>> ?? [];
        _scopes?.ForEachScope(
            static (scope, line) =>
            {
                if (scope is IReadOnlyList<KeyValuePair<string, object?>> surrounding)
                {
                    WriteValues(line.json, surrounding, line.own);
                }
            },
            (json, own));
        WriteValues(json, own, hiddenBy: []);

        if (exception is not null)
        {
            json.WriteString("error", exception.Describe());
            if (!exception.IsExternal() && exception.GetBaseException().StackTrace is { } stackTrace)
            {
                json.WriteString("stacktrace", stackTrace);
            }
        }
    }

    private static void WriteValues(
        Utf8JsonWriter json, IReadOnlyList<KeyValuePair<string, object?>> values, IReadOnlyList<KeyValuePair<string, object?>> hiddenBy)
    {
        // By index: an enumerator would be allocated.
        for (var i = 0; i < values.Count; i++)
        {
            var (name, value) = values[i];
            if (name != OriginalFormat && !Contains(hiddenBy, name))
            {
                json.WritePropertyName(JsonNamingPolicy.CamelCase.ConvertName(name));
                WriteValue(json, value);
            }
        }
    }

    private static bool Contains(IReadOnlyList<KeyValuePair<string, object?>> values, string name)
    {
        for (var i = 0; i < values.Count; i++)
        {
            if (string.Equals(values[i].Key, name, StringComparison.OrdinalIgnoreCase))
            {
                return true;
            }
        }

        return false;
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
                // One entry, one line, whatever a message quotes.
                var line = message.Replace("\r", "\\r", StringComparison.Ordinal).Replace("\n", "\\n", StringComparison.Ordinal);
                Encoding.UTF8.GetBytes($"{timestamp}\t{NameOf(level).ToUpperInvariant()}\t{category}\t{line}\t", _line);
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
