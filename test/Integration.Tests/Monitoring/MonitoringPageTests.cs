// SPDX-License-Identifier: Apache-2.0

namespace Integration.Tests.Monitoring;

/// <summary>docs/operations/monitoring.md against what there is.</summary>
public sealed class MonitoringPageTests(SharedSeed seed)
{
    private static readonly string[] Page = File.ReadAllLines(Path.Combine(Repository.Root, "docs", "operations", "monitoring.md"));

    [Fact]
    public async Task The_table_lists_every_metric_of_the_extension_with_type_and_labels()
    {
        var metrics = (await seed.Controller.ReadMetricsAsync()).Split('\n');

        var exported = metrics.Where(line => line.StartsWith("# TYPE gvisor_", StringComparison.Ordinal))
            .Select(line => line.Split(' '))
            .Select(words => $"{words[2]}, {words[3]}: {string.Join(", ", LabelsOf(metrics, words[2]))}");
        var documented = Page.Where(line => line.StartsWith("| `gvisor_", StringComparison.Ordinal))
            .Select(line => line.Replace("`", "", StringComparison.Ordinal).Split('|', StringSplitOptions.TrimEntries))
            .Select(cells => $"{cells[1]}, {cells[2]}: {cells[3]}");

        documented.Should().BeEquivalentTo(exported);
    }

    [Fact]
    public void Every_alert_has_a_section_that_says_what_to_do()
    {
        var rules = File.ReadLines(Path.Combine(Repository.Root, "charts", "gardener-extension-runtime-gvisor", "alerts", "gvisor.yaml"));

        Page.Where(line => line.StartsWith("### ", StringComparison.Ordinal)).Select(line => line[4..]).Should().BeEquivalentTo(
            rules.Select(line => line.Split("- alert: ")).Where(parts => parts.Length == 2).Select(parts => parts[1]));
    }

    private static IEnumerable<string> LabelsOf(string[] metrics, string family) =>
        metrics.Where(line => line.StartsWith($"{family}{{", StringComparison.Ordinal) || line.StartsWith($"{family}_bucket{{", StringComparison.Ordinal))
            .SelectMany(line => line[(line.IndexOf('{', StringComparison.Ordinal) + 1)..line.IndexOf('}', StringComparison.Ordinal)].Split(','))
            .Select(label => label.Split('=')[0])
            .Distinct()
            .Except(["le"]);
}
