// SPDX-License-Identifier: Apache-2.0

using System.Runtime.InteropServices;
using System.Text.Json;
using System.Text.RegularExpressions;
using RuntimeGVisor.NodeConfiguration;
using RuntimeGVisor.ProviderConfiguration;

namespace RuntimeGVisor.Validation;

/// <summary>
/// Judges a providerConfig strictly. Whatever <see cref="GVisorConfigurationDecoder"/> cannot decode and whatever
/// <see cref="FlagPolicy.Select"/> ignores is an error here; what has no effect is a warning.
/// </summary>
public static partial class ProviderConfigValidator
{
    /// <summary>Size in bytes up to which a providerConfig is looked at.</summary>
    public const int MaxBytes = 64 * 1024;

    private const int MaxFlags = 64;

    /// <summary>Finds everything that is wrong.</summary>
    /// <param name="providerConfig">The raw object; JSON null, or undefined, when the owner wrote none.</param>
    /// <param name="path">Where it stands, which the paths of the findings begin with; empty for a document of its own.</param>
    /// <param name="policy">The operator's policy.</param>
    public static IReadOnlyList<Finding> Validate(JsonElement providerConfig, string path, FlagPolicy policy)
    {
        if (providerConfig.ValueKind is JsonValueKind.Null or JsonValueKind.Undefined)
        {
            return [];
        }

        if (JsonMarshal.GetRawUtf8Value(providerConfig).Length is var length and > MaxBytes)
        {
            return [new(Severity.Error, path, $"{length} bytes are not allowed: at most {MaxBytes}")];
        }

        var errors = new List<ConfigurationError>();
        var fields = new StrictJsonObject(providerConfig, path, errors) { TreatsNullAsAbsent = true };
        var findings = new List<Finding>(
        [
            .. OfType(fields),
            .. OfTestImageTag(fields, policy),
            .. OfFlags(fields, policy),
        ]);
        fields.RejectOtherFields();
        return [.. errors.Select(Finding.Of), .. findings];
    }

    private static IEnumerable<Finding> OfType(StrictJsonObject fields)
    {
        // An empty text means the same as none, to the decoder as well.
        var (apiVersion, kind) = (fields.OptionalString("apiVersion", ""), fields.OptionalString("kind", ""));
        switch (apiVersion)
        {
            case "" or GVisorConfiguration.ApiVersion:
                break;
            case GVisorConfiguration.AliasApiVersion:
                yield return new(
                    Severity.Warning, fields.PathOf("apiVersion"), $"{apiVersion} is an alias of {GVisorConfiguration.ApiVersion}: write the latter");
                break;
            default:
                yield return NotAllowed(fields.PathOf("apiVersion"), apiVersion, $"exactly {GVisorConfiguration.ApiVersion}");
                break;
        }

        if (kind is not ("" or GVisorConfiguration.Kind))
        {
            yield return NotAllowed(fields.PathOf("kind"), kind, $"exactly {GVisorConfiguration.Kind}");
        }
    }

    private static IEnumerable<Finding> OfTestImageTag(StrictJsonObject fields, FlagPolicy policy)
    {
        var (path, tag) = (fields.PathOf("testImageTag"), fields.OptionalString("testImageTag", ""));
        if (tag.Length == 0)
        {
            yield break;
        }

        if (!Tag().IsMatch(tag))
        {
            yield return NotAllowed(path, tag, "a tag of an image: letters, digits, '_', '.' and '-', 128 at most");
        }

        if (OfRule(policy.TestImageTag, path, tag, "testImageTag") is { } finding)
        {
            yield return finding;
        }
    }

    private static IEnumerable<Finding> OfFlags(StrictJsonObject fields, FlagPolicy policy)
    {
        var requested = fields.OptionalStrings("configFlags");
        if (requested.Count > MaxFlags)
        {
            return [new(Severity.Error, fields.PathOf("configFlags"), $"{requested.Count} flags are not allowed: at most {MaxFlags}")];
        }

        var effective = policy.Select(requested).Lines.ToDictionary(line => line.Name, line => line.Value, StringComparer.Ordinal);
        return requested.SelectMany(pair => OfFlag(fields.PathOf("configFlags", pair.Key), pair.Key, pair.Value, policy, effective));
    }

    private static IEnumerable<Finding> OfFlag(string path, string name, string value, FlagPolicy policy, Dictionary<string, string> effective)
    {
        if (RunscFlags.Find(name) is not { SetBy: RunscFlagSetter.Owner } flag)
        {
            yield return new(Severity.Error, path, RunscFlags.WhyNotSettable(name));
            yield break;
        }

        if (!flag.Accepts(value) && value != flag.WritesNothingFor)
        {
            yield return NotAllowed(path, value, $"{name} takes {flag.Allowed}");
        }

        if (OfRule(policy.RuleOf(flag, value), path, value, name) is { } finding)
        {
            yield return finding;
        }

        if (flag.Requires is var (other, needed) && effective.GetValueOrDefault(other, RunscFlags.Find(other)!.Default) != needed)
        {
            yield return new(Severity.Warning, path, $"{name} has no effect unless {other} is \"{needed}\"");
        }
    }

    private static Finding? OfRule(FlagRule rule, string path, string value, string name) => rule switch
    {
        FlagRule.Deny => NotAllowed(path, value, FlagPolicy.WhyDenied(name)),
        FlagRule.Warn => new(Severity.Warning, path, $"the operator's policy advises against {name}"),
        _ => null,
    };

    private static Finding NotAllowed(string path, string value, string allowed) => Finding.Of(new(path, value, allowed));

    [GeneratedRegex(@"\A[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}\z", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Tag();
}
