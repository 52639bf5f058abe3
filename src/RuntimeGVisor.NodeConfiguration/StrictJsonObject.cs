// SPDX-License-Identifier: Apache-2.0

using System.Text.Json;

namespace RuntimeGVisor.NodeConfiguration;

/// <summary>
/// Takes a JSON object apart field by field and notes everything that does not fit: unknown and repeated fields, missing ones, wrong types.
/// A field that does not fit reads as a stand-in value; the caller throws at the end if there are errors.
/// </summary>
public sealed class StrictJsonObject
{
    private readonly Dictionary<string, JsonElement> _fields = new(StringComparer.Ordinal);
    private readonly HashSet<string> _known = new(StringComparer.Ordinal);
    private readonly string _path;
    private readonly List<ConfigurationError> _errors;

    /// <summary>Reads an object.</summary>
    /// <param name="element">The object; anything else is an error.</param>
    /// <param name="path">Its path, which the paths of its fields begin with; empty for a document.</param>
    /// <param name="errors">Takes what does not fit.</param>
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

    /// <summary>Whether a field that is <c>null</c> counts as absent. Default: it has the wrong type.</summary>
    public bool TreatsNullAsAbsent { get; init; }

    private bool IsObject { get; } = true;

    /// <summary>The text of a field that must be there.</summary>
    /// <param name="name">The field.</param>
    public string RequiredString(string name) => Take(name, required: true) is { } element ? ReadString(name, element) : "";

    /// <summary>The text of a field, or a default.</summary>
    /// <param name="name">The field.</param>
    /// <param name="defaultValue">Stands for a field that is absent.</param>
    public string OptionalString(string name, string defaultValue) => Take(name) is { } element ? ReadString(name, element) : defaultValue;

    /// <summary>The number in a field, or a default.</summary>
    /// <param name="name">The field.</param>
    /// <param name="defaultValue">Stands for a field that is absent.</param>
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

    /// <summary>The objects in a list; none when the field is absent.</summary>
    /// <param name="name">The field.</param>
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

    /// <summary>The entries of a map of texts that have a text; none when the field is absent.</summary>
    /// <param name="name">The field.</param>
    public IReadOnlyList<KeyValuePair<string, string>> OptionalStrings(string name)
    {
        var entries = new List<KeyValuePair<string, string>>();
        if (Take(name) is not { } element)
        {
            return entries;
        }

        if (element.ValueKind != JsonValueKind.Object)
        {
            _errors.Add(ConfigurationError.OfJson(PathOf(name), element, "an object with a string for each name"));
            return entries;
        }

        var seen = new HashSet<string>(StringComparer.Ordinal);
        foreach (var property in element.EnumerateObject())
        {
            var key = Text(() => property.Name);
            if (!seen.Add(key))
            {
                _errors.Add(ConfigurationError.OfJson(PathOf(name, key), property.Value, "each name once"));
            }
            else if (property.Value.ValueKind != JsonValueKind.String)
            {
                _errors.Add(ConfigurationError.OfJson(PathOf(name, key), property.Value, $"a string, such as \"{Example(property.Value)}\""));
            }
            else
            {
                entries.Add(new(key, Text(() => property.Value.GetString()!)));
            }
        }

        return entries;
    }

    /// <summary>The path of a field, or of an entry of a map.</summary>
    /// <param name="name">The field.</param>
    /// <param name="key">The entry's name, for a map.</param>
    public string PathOf(string name, string? key = null)
    {
        var path = _path.Length == 0 ? Shown(name) : $"{_path}.{Shown(name)}";
        return key is null ? path : $"{path}[{Shown(key)}]";
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
        if (_fields.TryGetValue(name, out var element) && !(TreatsNullAsAbsent && element.ValueKind == JsonValueKind.Null))
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

    private static string Shown(string name) =>
        name.All(character => char.IsAsciiLetterOrDigit(character) || character is '-' or '_') && name.Length is > 0 and <= 64
            ? name
            : ConfigurationError.Quote(name);

    /// <summary>A number or a switch in quotes is what was probably meant.</summary>
    private static string Example(JsonElement value) =>
        value.ValueKind is JsonValueKind.True or JsonValueKind.False or JsonValueKind.Number && value.GetRawText() is { Length: <= 20 } text ? text : "true";

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
