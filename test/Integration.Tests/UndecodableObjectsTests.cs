// SPDX-License-Identifier: Apache-2.0

using System.Net;
using ControlPlane;

namespace Integration.Tests;

/// <summary>What a shoot's owner can write costs that shoot at most: all others go on, also over a restart of the controller.</summary>
public sealed class UndecodableObjectsTests(OwnSeed seed) : IClassFixture<OwnSeed>
{
    /// <summary>In place of a ContainerRuntime's providerConfig.</summary>
    public static TheoryData<string, string> ProviderConfigs() => new()
    {
        { "75 levels", Nested(75) },
        { "2,000 levels", Nested(2000) },
        { "75 lists", $$"""{"a":{{new string('[', 75)}}{{new string(']', 75)}} }""" },
        { "huge numbers", """{"a":1e300,"b":-1e-300,"c":123456789012345678901234567890}""" },
        { "surrogates without their other half", """{"a":"\ud800","\udc00":"b"}""" },
        { "the same name twice", """{"a":1,"a":{"b":2,"b":3}}""" },
        { "500 KB", $"{{\"a\":\"{new string('x', 500_000)}\"}}" },
    };

    /// <summary>In place of the Shoot in a Cluster.</summary>
    public static TheoryData<string, string> Shoots() => new()
    {
        { "75 levels", $$"""{"spec":{{Nested(75)}} }""" },
        { "75 levels of annotations", $$"""{"metadata":{"annotations":{{Nested(75)}} } }""" },
        { "annotations that are a number", """{"metadata":{"annotations":5}}""" },
        { "a deletion at no time", """{"metadata":{"deletionTimestamp":"2006-13-45T99:99:99Z"}}""" },
        { "a generation that is a text", """{"metadata":{"generation":"seven"},"status":{"observedGeneration":1e300}}""" },
        { "a state that is an object", """{"status":{"lastOperation":{"state":{},"type":[]}}}""" },
        { "a hibernation that is a text", """{"spec":{"hibernation":{"enabled":"yes"},"kubernetes":7}}""" },
        { "metadata that are a list", """{"metadata":[],"spec":null,"status":"x"}""" },
    };

    [Theory]
    [MemberData(nameof(ProviderConfigs))]
    public async Task A_ContainerRuntime_that_cannot_be_decoded_costs_no_other(string what, string providerConfig)
    {
        var (bad, good) = (await Shoot.CreateAsync(seed.Api), await Shoot.CreateAsync(seed.Api));
        var spec = Shoot.ContainerRuntimeSpec("bad").ToJsonString().Replace("\"providerConfig\":null", $"\"providerConfig\":{providerConfig}", StringComparison.Ordinal);
        var controller = await seed.StartControllerAsync();
        await using (controller)
        {
            await CreateAsync(
                ApiPaths.ContainerRuntimes(bad.Namespace),
                $$"""
                {"apiVersion":"extensions.gardener.cloud/v1alpha1","kind":"ContainerRuntime","metadata":{"name":"gvisor-bad","namespace":"{{bad.Namespace}}",
                 "annotations":{"gardener.cloud/operation":"reconcile"} },"spec":{{spec}} }
                """,
                what);
            await good.DeployAsync("a");
            await good.WaitUntilReadyAsync("a");
        }

        await using var restarted = await seed.StartControllerAsync();
        await good.DeployAsync("b");
        await good.WaitUntilReadyAsync("b");
        await seed.Api.TryAsync(HttpMethod.Delete, ApiPaths.ContainerRuntimes(bad.Namespace, "gvisor-bad"));
    }

    [Theory]
    [MemberData(nameof(Shoots))]
    public async Task A_Cluster_that_cannot_be_decoded_costs_no_other_shoot(string what, string value)
    {
        var (bad, good) = (await Shoot.CreateAsync(seed.Api, withCluster: false), await Shoot.CreateAsync(seed.Api));
        var controller = await seed.StartControllerAsync();
        await using (controller)
        {
            await CreateAsync(
                ApiPaths.Clusters(),
                $$"""
                {"apiVersion":"extensions.gardener.cloud/v1alpha1","kind":"Cluster","metadata":{"name":"{{bad.Namespace}}"},
                 "spec":{"cloudProfile":{},"seed":{},"shoot":{{value}} } }
                """,
                what);
            await good.DeployAsync("a");
            await good.WaitUntilReadyAsync("a");
        }

        await using var restarted = await seed.StartControllerAsync();
        await good.DeployAsync("b");
        await good.WaitUntilReadyAsync("b");
        await seed.Api.TryAsync(HttpMethod.Delete, ApiPaths.Clusters(bad.Namespace));
    }

    private static string Nested(int depth) => string.Concat(Enumerable.Repeat("{\"a\":", depth)) + "1" + new string('}', depth);

    private async Task CreateAsync(string path, string json, string what)
    {
        var (status, body) = await seed.Api.TryAsync(HttpMethod.Post, path, json);
        status.Should().Be(HttpStatusCode.Created, $"{what} can be written: {body[..Math.Min(body.Length, 500)]}");
    }
}
