// SPDX-License-Identifier: Apache-2.0

using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Chart.Tests.Rendering;
using Kubernetes.Controllers.Serialization;

namespace Chart.Tests.Values;

/// <summary>Every value does what it says, and none is dead.</summary>
public sealed partial class ValuesTests
{
    private static JsonObject Schema { get; } = Read("values.schema.json");

    public static TheoryData<int> Knobs() => [.. Enumerable.Range(0, Knob.All.Count)];

    [Theory]
    [MemberData(nameof(Knobs))]
    public async Task A_value_reaches_the_object_that_it_is_for(int number)
    {
        var knob = Knob.All[number];
        var objects = await HelmChart.RenderAsync(knob.Values());

        var actual = objects.Find(knob.Kind)?.At(knob.Pointer);

        var expected = JsonNode.Parse(knob.Expected);
        if (actual is JsonArray list)
        {
            list.Should().Contain(element => JsonNode.DeepEquals(element, expected), "{0} is {1}; there is {2}", knob.Key, knob.Value, list.ToJsonString());
        }
        else
        {
            JsonNode.DeepEquals(actual, expected).Should().BeTrue(
                "{0} is {1}, so there must be {2}, not {3}", knob.Key, knob.Value, knob.Expected, actual?.ToJsonString() ?? "nothing");
        }
    }

    [Fact]
    public void Every_value_of_the_schema_is_turned_by_a_test() =>
        Knob.All.Select(knob => knob.Key).Distinct().Should().BeEquivalentTo(Keys(Schema, ""));

    /// <summary>The others: the pod has a ServiceAccount, and is told by variables where it is and where the image vector is.</summary>
    [Fact]
    public async Task Every_flag_that_makes_sense_in_a_pod_is_set_by_a_value()
    {
        var help = await ChildProcess.GetOutputAsync([.. Repository.Controller, "--help"], null, TimeSpan.FromMinutes(1), TestContext.Current.CancellationToken);
        var flags = Flag().Matches(help).Select(match => match.Groups["name"].Value);
        var set = Knob.All.Select(knob => knob.Expected.Trim('"').Split('=')[0]);

        flags.Except(set).Should().BeEquivalentTo(
            "--kubeconfig", "--master", "--leader-election-namespace", "--heartbeat-namespace", "--image-vector-overwrite");
    }

    [Fact]
    public void Every_default_is_in_the_schema()
    {
        var known = Keys(Schema, "").ToList();

        Keys(Read("values.yaml")).Should().OnlyContain(key => known.Any(name => key == name || key.StartsWith($"{name}.", StringComparison.Ordinal)));
    }

    [Fact]
    public void The_charts_version_is_the_versions_of_the_programs()
    {
        var chart = Read("Chart.yaml");
        var version = File.ReadAllText(Path.Combine(Repository.Root, "VERSION")).Trim();

        ((string?)chart["version"]).Should().Be(version);
        ((string?)chart["appVersion"]).Should().Be(version);
    }

    [GeneratedRegex(@"^  (?<name>--[a-z-]+) <", RegexOptions.Multiline | RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Flag();

    private static JsonObject Read(string file) => YamlDocuments.Read(File.ReadAllText(Path.Combine(HelmChart.Folder, file)))[0]!.AsObject();

    /// <summary>The values that the schema describes one by one; what it leaves open counts as one.</summary>
    private static IEnumerable<string> Keys(JsonObject schema, string prefix) =>
        schema["properties"]!.AsObject().SelectMany(property =>
            (bool?)property.Value!["additionalProperties"] == false
                ? Keys(property.Value.AsObject(), $"{prefix}{property.Key}.")
                : [$"{prefix}{property.Key}"]);

    private static IEnumerable<string> Keys(JsonObject values) =>
        values.SelectMany(entry => entry.Value is JsonObject { Count: > 0 } inner ? Keys(inner).Select(key => $"{entry.Key}.{key}") : [entry.Key]);
}
