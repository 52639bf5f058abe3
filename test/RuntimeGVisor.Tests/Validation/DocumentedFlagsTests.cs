// SPDX-License-Identifier: Apache-2.0

using System.Text.Json;
using System.Text.RegularExpressions;
using RuntimeGVisor.NodeConfiguration;
using RuntimeGVisor.Validation;

namespace RuntimeGVisor.Tests.Validation;

/// <summary>The table of flags is the truth; the page and the chart's schema repeat it.</summary>
public sealed partial class DocumentedFlagsTests
{
    private static IEnumerable<RunscFlag> SettableFlags => RunscFlags.All.Where(flag => flag.SetBy == RunscFlagSetter.Owner);

    [Fact]
    public void The_usage_page_has_the_row_of_each_flag_that_an_owner_can_set()
    {
        var rows = File.ReadLines(Path.Combine(Repository.Root, "docs", "usage", "configuration.md"))
            .SkipWhile(line => line != "## Flags")
            .Where(line => line.StartsWith("| `", StringComparison.Ordinal));

        rows.Should().Equal(SettableFlags.Select(Row));
    }

    [Theory]
    [InlineData("gardener-extension-runtime-gvisor")]
    [InlineData("gardener-extension-admission-runtime-gvisor/runtime")]
    public void The_chart_takes_rules_for_each_flag_that_an_owner_can_set(string chart)
    {
        using var schema = JsonDocument.Parse(File.ReadAllText(Path.Combine(Repository.Root, "charts", chart, "values.schema.json")));

        schema.RootElement.GetProperty("definitions").GetProperty("flagRules").GetProperty("propertyNames").GetProperty("enum").EnumerateArray()
            .Select(name => name.GetString()).Should().Equal(SettableFlags.Select(flag => flag.Name));
    }

    private static string Row(RunscFlag flag)
    {
        var values = Quoted().Replace(flag.Allowed, "`${value}`") + (flag.WritesNothingFor is { } value ? $" (`{value}` does nothing)" : "");
        var defaultValue = flag.Default.Length == 0 ? "" : $"`{flag.Default}`";
        var (risk, rule) = (flag.Risk.ToString().ToLowerInvariant(), FlagPolicy.Default.RuleOf(flag).ToString().ToLowerInvariant());
        return $"| `{flag.Name}` | {values} | {defaultValue} | {risk} | {rule} | {flag.Since} | {flag.Meaning} |";
    }

    [GeneratedRegex("\"(?<value>[^\"]*)\"", RegexOptions.NonBacktracking | RegexOptions.ExplicitCapture)]
    private static partial Regex Quoted();
}
