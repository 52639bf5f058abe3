// SPDX-License-Identifier: Apache-2.0

using System.Text.Json;

namespace RuntimeGVisor.NodeConfiguration;

/// <summary>
/// Takes a JSON object apart field by field and notes everything that does not fit: unknown and repeated fields, missing ones, wrong types.
/// A field that does not fit reads as a stand-in value; the caller throws at the end if there are errors.
/// </summary>
internal sealed class StrictJsonObject
{
    private readonly Dictionary<string, JsonElement> _fields = new(StringComparer.Ordinal);
    private readonly HashSet<string> _known = new(StringComparer.Ordinal);
    private readonly string _path;
    private readonly List<ConfigurationError> _errors;

    public StrictJsonObject(JsonElement element, string path, List<ConfigurationError> errors)
    {
        (_path, _errors) = (path, errors);
        if (element.ValueKind != JsonValueKind.Object)
        {
            errors.Add(ConfigurationError.OfJson(path, element, "an object"));
            IsObject = false;
            return;
        }

        foreach (var property in element.EnumerateObject())
        {
            var name = Text(() => property.Name);
            if (!_fields.TryAdd(name, property.Value))
            {
                errors.Add(ConfigurationError.OfJson(PathOf(name), property.Value, "each field once"));
            }
        }
    }

    private bool IsObject { get; } = true;

    public string RequiredString(string name) => Take(name, required: true) is { } element ? ReadString(name, element) : "";

    public string OptionalString(string name, string defaultValue) => Take(name) is { } element ? ReadString(name, element) : defaultValue;

    public int OptionalInt32(string name, int defaultValue)
    {
        if (Take(name) is not { } element)
        {
            return defaultValue;
        }

        if (element.ValueKind == JsonValueKind.Number && element.TryGetInt32(out var number))
        {
            return number;
        }

        _errors.Add(ConfigurationError.OfJson(PathOf(name), element, "a whole number"));
        return defaultValue;
    }

    public IEnumerable<StrictJsonObject> OptionalObjects(string name)
    {
        if (Take(name) is not { } element)
        {
            return [];
        }

        if (element.ValueKind == JsonValueKind.Array)
        {
            return element.EnumerateArray().Select((item, index) => new StrictJsonObject(item, $"{PathOf(name)}[{index}]", _errors));
        }

        _errors.Add(ConfigurationError.OfJson(PathOf(name), element, "a list"));
        return [];
    }

    /// <summary>Notes the fields that nobody asked for. Call it once, after the last field was taken.</summary>
    public void RejectOtherFields()
    {
        foreach (var name in _fields.Keys.Where(name => !_known.Contains(name)))
        {
            var nearest = NearestName.Of(name, _known);
            var hint = nearest is null ? $"one of {string.Join(", ", _known.Order(StringComparer.Ordinal))}" : $"did you mean {nearest}?";
            _errors.Add(new(PathOf(name), null, $"there is no such field; {hint}"));
        }
    }

    private JsonElement? Take(string name, bool required = false)
    {
        _known.Add(name);
        if (_fields.TryGetValue(name, out var element))
        {
            return element;
        }

        if (required && IsObject)
        {
            _errors.Add(new(PathOf(name), null, "is missing"));
        }

        return null;
    }

    private string ReadString(string name, JsonElement element)
    {
        if (element.ValueKind == JsonValueKind.String)
        {
            return Text(() => element.GetString()!);
        }

        _errors.Add(ConfigurationError.OfJson(PathOf(name), element, "a string"));
        return "";
    }

    private string PathOf(string name)
    {
        var shown = name.All(character => char.IsAsciiLetterOrDigit(character) || character is '-' or '_') && name.Length is > 0 and <= 64
            ? name
            : ConfigurationError.Quote(name);
        return _path.Length == 0 ? shown : $"{_path}.{shown}";
    }

    /// <summary>Text that is no Unicode, such as half a surrogate pair, must not end the program: no rule will accept what stands in for it.</summary>
    private static string Text(Func<string> read)
    {
        try
        {
            return read();
        }
        catch (InvalidOperationException)
        {
            return "\uFFFD";
        }
    }
}
