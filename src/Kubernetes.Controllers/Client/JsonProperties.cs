// SPDX-License-Identifier: Apache-2.0

using System.Text.Json;

namespace Kubernetes.Controllers.Client;

/// <summary>Goes through the properties of a JSON object, whatever their values are and even if its end is missing.</summary>
internal ref struct JsonProperties(ReadOnlySpan<byte> json)
{
    private ReadOnlySpan<byte> _rest = json is [(byte)'{', .. var properties] ? properties : default;

    /// <summary>The property's name, in quotes.</summary>
    public ReadOnlySpan<byte> Name { get; private set; }

    /// <summary>The property's value as it was written.</summary>
    public ReadOnlySpan<byte> Value { get; private set; }

    /// <summary>The value if it is a string; null if it is something else.</summary>
    public readonly string? Text
    {
        get
        {
            try
            {
                var reader = new Utf8JsonReader(Value);
                return reader.Read() && reader.TokenType == JsonTokenType.String ? reader.GetString() : null;
            }
            catch (Exception exception) when (exception is JsonException or InvalidOperationException)
            {
                return null;
            }
        }
    }

    public bool MoveNext()
    {
        Name = Next();
        Value = Next();
        return !Value.IsEmpty;
    }

    private ReadOnlySpan<byte> Next()
    {
        _rest = _rest.TrimStart(" \t\r\n,:"u8);
        if (_rest is [] or [(byte)'}', ..])
        {
            return default;
        }

        var scanner = default(JsonValueScanner);
        var end = scanner.FindEnd(_rest);
        var value = end < 0 ? _rest : _rest[..end];
        _rest = _rest[value.Length..];
        return value;
    }
}
