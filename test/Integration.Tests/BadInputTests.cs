// SPDX-License-Identifier: Apache-2.0

using System.Net;
using System.Text.Json.Nodes;
using ControlPlane;

namespace Integration.Tests;

/// <summary>Input that cannot be worked on has one defined outcome: a status that names field and value, nothing half-written, no hot loop.</summary>
public sealed class BadInputTests(SharedSeed seed)
{
    private const string Group = "gvisor.runtime.extensions.config.gardener.cloud";

    public static TheoryData<string, string> ProviderConfigs() => new()
    {
        {
            """{"apiVersion":"some.group.com/v1alpha1","kind":"GVisorConfiguration"}""",
            """no kind "GVisorConfiguration" is registered for version "some.group.com/v1alpha1" in scheme"""
        },
        {
            $$"""{"apiVersion":"{{Group}}/v1alpha2","kind":"GVisorConfiguration"}""",
            $"""no kind "GVisorConfiguration" is registered for version "{Group}/v1alpha2" in scheme"""
        },
        {
            $$"""{"apiVersion":"{{Group}}/v1alpha1","kind":"Other"}""",
            $"""no kind "Other" is registered for version "{Group}/v1alpha1" in scheme"""
        },
        { $$$"""{"apiVersion":"{{{Group}}}/v1alpha1","kind":"GVisorConfiguration","configFlags":{"net-raw":true}}""", "net-raw" },
        { $$$"""{"apiVersion":"{{{Group}}}/v1alpha1","kind":"GVisorConfiguration","configFlags":{"debug":[]}}""", "debug" },
    };

    [Theory]
    [MemberData(nameof(ProviderConfigs))]
    public async Task A_wrong_provider_configuration_is_a_configuration_problem_and_writes_nothing(string providerConfig, string message)
    {
        var shoot = await Shoot.CreateAsync(seed.Api);

        await shoot.DeployAsync("a", JsonNode.Parse(providerConfig)!.AsObject());
        var runtime = await shoot.WaitForAsync("a", "Create", "Error");

        var status = runtime["status"]!;
        var description = Text(status["lastError"]!["description"]);
        description.Should().StartWith("Error reconciling ContainerRuntime: could not decode provider config: ").And.Contain(message);
        Text(status["lastOperation"]!["description"]).Should().Be(description);
        ((int?)status["lastOperation"]!["progress"]).Should().Be(50);
        status["lastError"]!["codes"]!.AsArray().Select(Text).Should().Equal("ERR_CONFIGURATION_PROBLEM");
        ((long?)status["observedGeneration"]).Should().Be(1);
        (await shoot.ManagedResourcesAsync()).Should().BeEmpty();
        (await shoot.SecretsAsync()).Should().BeEmpty();
        await NothingHappensAsync(shoot);

        await shoot.DeployAsync("a", Shoot.ProviderConfig(("net-raw", "true")));
        var repaired = await shoot.WaitUntilReadyAsync("a");
        repaired["status"]!["lastError"].Should().BeNull();
        Text(repaired["status"]!["lastOperation"]!["type"]).Should().Be("Create");
        Text(repaired["status"]!["lastOperation"]!["description"]).Should().Be("Successfully reconciled ContainerRuntime");
        ((int?)repaired["status"]!["lastOperation"]!["progress"]).Should().Be(100);
    }

    [Theory]
    [InlineData(75)]
    [InlineData(900)]
    public async Task A_provider_configuration_that_is_nested_however_deep_stops_nobody(int depth)
    {
        var shoot = await Shoot.CreateAsync(seed.Api);
        var deep = new JsonObject();
        for (var level = 0; level < depth; level++)
        {
            deep = new JsonObject { ["a"] = deep };
        }

        await shoot.DeployAsync("deep", deep);
        await shoot.DeployAsync("a");

        await shoot.WaitUntilReadyAsync("a");
        await shoot.WaitUntilReadyAsync("deep");
        await shoot.DeleteAsync("deep");
        await shoot.WaitUntilGoneAsync("deep");
    }

    [Fact]
    public async Task A_wrong_provider_configuration_does_not_stop_a_deletion()
    {
        var shoot = await Shoot.CreateAsync(seed.Api);
        await shoot.DeployAsync("a");
        await shoot.WaitUntilReadyAsync("a");
        await shoot.DeployAsync("a", new JsonObject { ["kind"] = "Other" });
        await shoot.WaitForAsync("a", "Reconcile", "Error");

        await shoot.DeleteAsync("a");

        await shoot.WaitUntilGoneAsync("a");
        (await shoot.ManagedResourcesAsync()).Should().BeEmpty();
    }

    [Fact]
    public async Task Without_a_Cluster_the_status_says_so_and_the_Cluster_cures_it()
    {
        var shoot = await Shoot.CreateAsync(seed.Api, withCluster: false);

        await shoot.DeployAsync("a");
        var runtime = await shoot.WaitForAsync("a", "Create", "Error");

        Text(runtime["status"]!["lastError"]!["description"]).Should().Contain("Cluster").And.Contain(shoot.Namespace);
        runtime["status"]!["lastError"]!["codes"].Should().BeNull("the owner of the shoot cannot do anything about it");
        (await shoot.ManagedResourcesAsync()).Should().BeEmpty();

        await shoot.CreateClusterAsync(Shoot.ClusterSpec());
        await shoot.AnnotateAsync("a", "reconcile");
        await shoot.WaitUntilReadyAsync("a");
    }

    [Fact]
    public async Task A_Cluster_without_a_shoot_is_an_error_that_names_the_field()
    {
        var spec = Shoot.ClusterSpec();
        spec.Remove("shoot");
        var shoot = await Shoot.CreateAsync(seed.Api, withCluster: false);
        await WithRuleAsync("clusters", "spec/required", new JsonArray("cloudProfile"), () => shoot.CreateClusterAsync(spec));

        await shoot.DeployAsync("a");
        var runtime = await shoot.WaitForAsync("a", "Create", "Error");

        Text(runtime["status"]!["lastError"]!["description"]).Should().Contain("spec.shoot").And.Contain(shoot.Namespace);
        (await shoot.ManagedResourcesAsync()).Should().BeEmpty();
    }

    [Fact]
    public async Task An_empty_pool_name_is_an_error_that_names_the_field()
    {
        var shoot = await Shoot.CreateAsync(seed.Api);
        var spec = Shoot.ContainerRuntimeSpec("");
        spec["workerPool"]!["selector"] = new JsonObject();

        // Kubernetes 1.20 takes an empty string in a custom resource for null.
        await WithRuleAsync(
            "containerruntimes",
            "spec/properties/workerPool/properties/name",
            new JsonObject { ["type"] = "string", ["nullable"] = true },
            () => shoot.DeployAsync("a", spec: spec.DeepClone().AsObject()));
        var runtime = await shoot.WaitForAsync("a", "Create", "Error");

        Text(runtime["status"]!["lastError"]!["description"]).Should().Contain("spec.workerPool.name");
        runtime["status"]!["lastError"]!["codes"].Should().BeNull("the owner of the shoot did not write this");
        (await shoot.ManagedResourcesAsync()).Should().BeEmpty();
        (await shoot.SecretsAsync()).Should().BeEmpty();
        await shoot.DeleteAsync("a");
        await shoot.WaitUntilGoneAsync("a");
    }

    [Fact]
    public async Task Expressions_of_the_pool_selector_become_node_affinity()
    {
        var shoot = await Shoot.CreateAsync(seed.Api);
        var spec = Shoot.ContainerRuntimeSpec("a");
        spec["workerPool"]!["selector"]!["matchExpressions"] = new JsonArray(
            new JsonObject { ["key"] = "zone", ["operator"] = "In", ["values"] = new JsonArray("one", "two") });

        await shoot.DeployAsync("a", spec: spec);
        await shoot.WaitUntilReadyAsync("a");

        var resource = (await shoot.ManagedResourcesAsync())["extension-runtime-gvisor-installation-a"];
        var secret = (await shoot.SecretsAsync())[Text(resource["spec"]!["secretRefs"]![0]!["name"])];
        var manifest = System.Text.Encoding.UTF8.GetString(Convert.FromBase64String(Text(secret["data"]!["config.yaml"])));
        manifest.Should().Contain("nodeAffinity:").And.Contain("key: zone").And.Contain("operator: In");
    }

    [Fact]
    public async Task An_unknown_operator_in_the_pool_selector_is_an_error_that_names_field_and_value()
    {
        var shoot = await Shoot.CreateAsync(seed.Api);
        var spec = Shoot.ContainerRuntimeSpec("a");
        spec["workerPool"]!["selector"]!["matchExpressions"] = new JsonArray(new JsonObject { ["key"] = "zone", ["operator"] = "Near" });

        await shoot.DeployAsync("a", spec: spec);
        var runtime = await shoot.WaitForAsync("a", "Create", "Error");

        Text(runtime["status"]!["lastError"]!["description"]).Should().Contain("matchExpressions[0].operator").And.Contain("Near");
        (await shoot.ManagedResourcesAsync()).Should().BeEmpty();
    }

    [Fact]
    public async Task An_unknown_flag_is_ignored_as_Gardener_expects()
    {
        var shoot = await Shoot.CreateAsync(seed.Api);

        await shoot.DeployAsync("a", Shoot.ProviderConfig(("no-such-flag", "true"), ("net-raw", "maybe")));

        await shoot.WaitUntilReadyAsync("a");
    }

    [Fact]
    public async Task Objects_of_other_types_and_classes_are_left_alone()
    {
        var shoot = await Shoot.CreateAsync(seed.Api);
        var kata = Shoot.ContainerRuntimeSpec("kata");
        kata["type"] = "kata";
        var garden = Shoot.ContainerRuntimeSpec("garden");
        garden["class"] = "garden";
        await shoot.DeployAsync("kata", spec: kata);
        await shoot.DeployAsync("garden", spec: garden);

        await shoot.DeployAsync("a");
        await shoot.WaitUntilReadyAsync("a");

        foreach (var pool in (string[])["kata", "garden"])
        {
            (await shoot.GetAsync(pool))["status"].Should().BeNull();
        }
    }

    private static string Text(JsonNode? value) => (string)value!;

    /// <summary>Loosens a rule of a CustomResourceDefinition and writes what it forbade: an object may be older than the rule.</summary>
    private async Task WithRuleAsync(string resource, string path, JsonNode rule, Func<Task> write)
    {
        await seed.Api.JsonPatchAsync(
            $"/apis/apiextensions.k8s.io/v1/customresourcedefinitions/{resource}.extensions.gardener.cloud",
            new JsonArray(new JsonObject
            {
                ["op"] = "replace",
                ["path"] = $"/spec/versions/0/schema/openAPIV3Schema/properties/{path}",
                ["value"] = rule,
            }));
        await Eventually.TrueAsync($"the server takes {resource} by the other rule", async () =>
        {
            try
            {
                await write();
                return true;
            }
            catch (HttpRequestException exception) when (exception.StatusCode == HttpStatusCode.UnprocessableEntity)
            {
                return false;
            }
        });
    }

    private async Task NothingHappensAsync(Shoot shoot)
    {
        var before = (string)(await shoot.GetAsync("a"))["metadata"]!["resourceVersion"]!;
        await Task.Delay(TimeSpan.FromSeconds(1), TimeProvider.System, TestContext.Current.CancellationToken);
        ((string)(await shoot.GetAsync("a"))["metadata"]!["resourceVersion"]!).Should().Be(before);
    }
}
