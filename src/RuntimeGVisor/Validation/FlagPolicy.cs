// SPDX-License-Identifier: Apache-2.0

using System.Collections.Immutable;
using System.Text.Json;
using Kubernetes.Controllers.Serialization;
using RuntimeGVisor.NodeConfiguration;

namespace RuntimeGVisor.Validation;

/// <summary>
/// Which flags of runsc an operator lets owners of shoots set. Admission and the controller read the same file: what admission refuses, the
/// controller ignores, so that a Shoot that admission never saw gets no further.
/// </summary>
public sealed record FlagPolicy
{
    /// <summary>The API version of a policy file.</summary>
    public const string ApiVersion = "gvisor.runtime.extensions.config.gardener.cloud/v1alpha1";

    /// <summary>The kind of a policy file.</summary>
    public const string Kind = "FlagPolicy";

    /// <summary>Gardener contract 5.4: exactly these flags have always been taken.</summary>
    private static readonly ImmutableArray<string> AlwaysTaken = ["debug", "net-raw", "nvproxy", "panic-signal"];

    private static readonly (string Word, FlagRule Rule)[] Words = [("allow", FlagRule.Allow), ("warn", FlagRule.Warn), ("deny", FlagRule.Deny)];

    /// <summary>The policy of an operator who has none: the rule of each flag is <see cref="DefaultRuleOf"/>, and no test image is allowed.</summary>
    public static FlagPolicy Default { get; } = new();

    /// <summary>The operator's rules by flag; a flag without one has <see cref="DefaultRuleOf"/>.</summary>
    public ImmutableSortedDictionary<string, FlagRule> Flags { get; init; } = ImmutableSortedDictionary.Create<string, FlagRule>(StringComparer.Ordinal);

    /// <summary>The rule for <c>testImageTag</c>, by which an owner chooses the image that runs as root on the nodes. Default: deny.</summary>
    public FlagRule TestImageTag { get; init; } = FlagRule.Deny;

    /// <summary>Allowed, unless it opens more of the node to a sandbox than the extension always has.</summary>
    /// <param name="flag">A flag of the table.</param>
    public static FlagRule DefaultRuleOf(RunscFlag flag) =>
        flag.Risk == RunscFlagRisk.Exposure && !AlwaysTaken.Contains(flag.Name) ? FlagRule.Deny : FlagRule.Allow;

    /// <summary>Reads a policy file as strictly as all that an operator writes.</summary>
    /// <param name="text">YAML or JSON.</param>
    /// <exception cref="FlagPolicyException">The content is wrong; the exception lists every error.</exception>
    public static FlagPolicy Read(string text)
    {
        var errors = new List<ConfigurationError>();
        using var document = Parse(text);
        var fields = new StrictJsonObject(document.RootElement, "", errors);
        RequireConstant("apiVersion", ApiVersion);
        RequireConstant("kind", Kind);
        var flags = ImmutableSortedDictionary.CreateBuilder<string, FlagRule>(StringComparer.Ordinal);
        foreach (var (name, word) in fields.OptionalStrings("flags"))
        {
            if (RunscFlags.Find(name) is not { SetBy: RunscFlagSetter.Owner })
            {
                errors.Add(new(fields.PathOf("flags", name), null, RunscFlags.WhyNotSettable(name)));
            }
            else
            {
                flags.Add(name, Rule(fields.PathOf("flags", name), word));
            }
        }

        var policy = new FlagPolicy
        {
            Flags = flags.ToImmutable(),
            TestImageTag = Rule("testImageTag", fields.OptionalString("testImageTag", "deny")),
        };
        fields.RejectOtherFields();
        return errors.Count == 0 ? policy : throw new FlagPolicyException(errors);

        void RequireConstant(string field, string constant)
        {
            var known = errors.Count;
            if (fields.RequiredString(field) is var value && value != constant && errors.Count == known)
            {
                errors.Add(new(field, value, $"exactly {constant}"));
            }
        }

        FlagRule Rule(string path, string word)
        {
            var index = Array.FindIndex(Words, pair => pair.Word == word);
            if (index < 0)
            {
                errors.Add(new(path, word, $"one of {string.Join(", ", Words.Select(pair => pair.Word))}"));
            }

            return index < 0 ? FlagRule.Deny : Words[index].Rule;
        }
    }

    /// <summary>The rule for a flag that is set to a value. What runsc does anyway needs nobody's leave.</summary>
    /// <param name="flag">A flag of the table.</param>
    /// <param name="value">Its value.</param>
    public FlagRule RuleOf(RunscFlag flag, string value) => value == flag.Default ? FlagRule.Allow : RuleOf(flag);

    /// <summary>The rule for a flag.</summary>
    /// <param name="flag">A flag of the table.</param>
    public FlagRule RuleOf(RunscFlag flag) => Flags.GetValueOrDefault(flag.Name, DefaultRuleOf(flag));

    /// <summary>What becomes of the flags that an owner asked for: those that are denied are ignored like those that do not exist.</summary>
    /// <param name="requested">The flags by name, as <c>configFlags</c> has them.</param>
    public RunscFlagSelection Select(IEnumerable<KeyValuePair<string, string>> requested)
    {
        var denied = requested.ToLookup(pair => RunscFlags.Find(pair.Key) is { } flag && RuleOf(flag, pair.Value) == FlagRule.Deny);
        var selection = RunscFlags.Select(denied[false]);
        return selection with
        {
            Ignored =
            [
                .. selection.Ignored.Concat(denied[true].Select(pair => new IgnoredRunscFlag(pair.Key, pair.Value, WhyDenied(pair.Key))))
                    .OrderBy(ignored => ignored.Name, StringComparer.Ordinal),
            ],
        };
    }

    internal static string WhyDenied(string name) => $"the operator's policy denies {name}";

    private static JsonDocument Parse(string text)
    {
        try
        {
            return YamlDocuments.Read(text) switch
            {
                [{ } only] => JsonDocument.Parse(only.ToJsonString(), new JsonDocumentOptions { MaxDepth = YamlDocuments.MaxDepth + 1 }),
                var documents => throw new FlagPolicyException([new("", null, $"must be one document; there are {documents.Count(document => document is not null)}")]),
            };
        }
        catch (FormatException exception)
        {
            throw new FlagPolicyException([new("", null, $"must be YAML or JSON: {exception.Message}")]);
        }
    }
}
