// SPDX-License-Identifier: Apache-2.0

using System.Collections.Immutable;
using System.Text.Json;
using RuntimeGVisor.NodeConfiguration;

namespace RuntimeGVisor.ProviderConfiguration;

/// <summary>
/// Decodes the providerConfig as leniently as the extension always has: unknown fields do not matter, a missing apiVersion or kind is
/// filled in; only what cannot be understood at all is an error. (Gardener contract 5.4.)
/// </summary>
public static class GVisorConfigurationDecoder
{
    /// <summary>Decodes a providerConfig.</summary>
    /// <param name="providerConfig">The raw object; null or JSON null when the owner wrote none.</param>
    /// <exception cref="ProviderConfigurationException">Another API version or kind, or a field of the wrong type.</exception>
    public static GVisorConfiguration Decode(JsonElement? providerConfig)
    {
        if (providerConfig is not { ValueKind: not (JsonValueKind.Null or JsonValueKind.Undefined) } root)
        {
            return GVisorConfiguration.Empty;
        }

        if (root.ValueKind != JsonValueKind.Object)
        {
            throw Wrong("providerConfig", root, "an object");
        }

        try
        {
            return Decode(root);
        }
        catch (InvalidOperationException exception)
        {
            // Half a surrogate pair in a name or a value, as "\ud800".
            throw new ProviderConfigurationException("it holds a text that is no Unicode", exception);
        }
    }

    private static GVisorConfiguration Decode(JsonElement root)
    {
        var apiVersion = OptionalText(root, "apiVersion") ?? GVisorConfiguration.ApiVersion;
        var kind = OptionalText(root, "kind") ?? GVisorConfiguration.Kind;
        if (apiVersion is not (GVisorConfiguration.ApiVersion or GVisorConfiguration.AliasApiVersion) || kind != GVisorConfiguration.Kind)
        {
            throw new ProviderConfigurationException(
                $"no kind {ConfigurationError.Quote(kind)} is registered for version {ConfigurationError.Quote(apiVersion)} in scheme "
                + $"of {GVisorConfiguration.ApiVersion}, which has kind \"{GVisorConfiguration.Kind}\" only");
        }

        return new()
        {
            ConfigFlags = Flags(root),
            TestImageTag = OptionalText(root, "testImageTag"),
            HasAliasApiVersion = apiVersion == GVisorConfiguration.AliasApiVersion,
        };
    }

    private static ImmutableSortedDictionary<string, string> Flags(JsonElement root)
    {
        var flags = ImmutableSortedDictionary.CreateBuilder<string, string>(StringComparer.Ordinal);
        if (!root.TryGetProperty("configFlags", out var element) || element.ValueKind == JsonValueKind.Null)
        {
            return flags.ToImmutable();
        }

        if (element.ValueKind != JsonValueKind.Object)
        {
            throw Wrong("configFlags", element, "an object with a string for each flag");
        }

        foreach (var flag in element.EnumerateObject())
        {
            // Go decodes a null into a map of strings as the empty string, which no flag takes.
            flags[flag.Name] = flag.Value.ValueKind switch
            {
                JsonValueKind.String => flag.Value.GetString()!,
                JsonValueKind.Null => "",
                _ => throw Wrong($"configFlags.{flag.Name}", flag.Value, "a string, such as \"true\""),
            };
        }

        return flags.ToImmutable();
    }

    /// <summary>The text of a field, or null when it is absent, null or empty, which all mean the same.</summary>
    private static string? OptionalText(JsonElement root, string field)
    {
        if (!root.TryGetProperty(field, out var element) || element.ValueKind == JsonValueKind.Null)
        {
            return null;
        }

        return element.ValueKind == JsonValueKind.String
            ? element.GetString() is { Length: > 0 } text ? text : null
            : throw Wrong(field, element, "a string");
    }

    private static ProviderConfigurationException Wrong(string field, JsonElement found, string allowed) =>
        new(ConfigurationError.OfJson(field, found, allowed).ToString());
}
