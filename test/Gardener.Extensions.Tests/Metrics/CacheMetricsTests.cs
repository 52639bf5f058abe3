// SPDX-License-Identifier: Apache-2.0

using Gardener.Extensions.Api;
using Gardener.Extensions.Metrics;
using Hosting.Metrics;

namespace Gardener.Extensions.Tests.Metrics;

public sealed class CacheMetricsTests
{
    private readonly MetricRegistry _registry = new();
    private readonly InMemoryApiServer _server = new(TimeProvider.System);

    public CacheMetricsTests() => _ = new CacheMetrics<ContainerRuntime>(
        _registry,
        "sample",
        "ContainerRuntime",
        new() { Type = "gvisor" },
        _server.LiveCache(GardenerResources.ContainerRuntimes),
        _server.LiveCache(GardenerResources.ManagedResources));

    [Fact]
    public void Objects_are_counted_by_their_last_operation_when_the_metrics_are_read()
    {
        Add("a", """{"type":"Create","state":"Succeeded"}""");
        Add("b", """{"type":"Create","state":"Succeeded"}""");
        Add("c", """{"type":"Delete","state":"Error"}""");
        Add("d", """{"type":"Invented","state":"Succeeded"}""");
        Add("e", "null");
        Add("f", """{"type":"Create","state":"Succeeded"}""", type: "kata");

        NonZero("sample_extension_objects").Should().BeEquivalentTo(
            """{kind="ContainerRuntime",operation="Create",state="Succeeded"} 2""",
            """{kind="ContainerRuntime",operation="Delete",state="Error"} 1""",
            """{kind="ContainerRuntime",operation="Unknown",state="Succeeded"} 1""",
            """{kind="ContainerRuntime",operation="None",state="None"} 1""");

        _server.Remove(GardenerResources.ContainerRuntimes, new("shoot--a--b", "c"));
        NonZero("sample_extension_objects").Should().HaveCount(3, "what is gone is counted no more");
    }

    [Fact]
    public void ManagedResources_are_counted_by_condition_and_an_earlier_generation_is_unknown()
    {
        Report("a", observed: 1, healthy: "True", progressing: "False");
        Report("b", observed: 1, healthy: "False", progressing: "True");
        Report("c", observed: 7, healthy: "True", progressing: "False");

        NonZero("sample_managedresources").Should().BeEquivalentTo(
            """{condition="applied",status="true"} 2""",
            """{condition="applied",status="unknown"} 1""",
            """{condition="healthy",status="true"} 1""",
            """{condition="healthy",status="false"} 1""",
            """{condition="healthy",status="unknown"} 1""",
            """{condition="progressing",status="false"} 1""",
            """{condition="progressing",status="true"} 1""",
            """{condition="progressing",status="unknown"} 1""");
    }

    [Fact]
    public void The_number_of_series_does_not_grow_with_the_number_of_objects()
    {
        var before = Lines().Count();
        for (var i = 0; i < 100; i++)
        {
            Add($"x{i}", $$"""{"type":"T{{i}}","state":"S{{i}}"}""");
            Report($"x{i}", observed: 1, healthy: $"Invented{i}", progressing: "False");
        }

        Lines().Should().HaveCount(before);
    }

    private void Add(string name, string lastOperation, string type = "gvisor") => _server.Add(GardenerResources.ContainerRuntimes, $$"""
        {"metadata":{"namespace":"shoot--a--b","name":"{{name}}"},"spec":{"type":"{{type}}"},"status":{"lastOperation":{{lastOperation}} } }
        """);

    private void Report(string name, int observed, string healthy, string progressing)
    {
        _server.Add(GardenerResources.ManagedResources, $$"""{"metadata":{"namespace":"shoot--a--b","name":"{{name}}","generation":1},"spec":{} }""");
        _server.Change(
            GardenerResources.ManagedResources,
            new("shoot--a--b", name),
            $$"""
            {"status":{"observedGeneration":{{observed}},"conditions":[
              {"type":"ResourcesApplied","status":"True"},
              {"type":"ResourcesHealthy","status":"{{healthy}}"},
              {"type":"ResourcesProgressing","status":"{{progressing}}"}]} }
            """,
            "status");
    }

    private IEnumerable<string> Lines() => _registry.ToString().Split('\n');

    private List<string> NonZero(string name) =>
        [.. Lines().Where(line => line.StartsWith($"{name}{{", StringComparison.Ordinal) && !line.EndsWith(" 0", StringComparison.Ordinal)).Select(line => line[name.Length..])];
}
