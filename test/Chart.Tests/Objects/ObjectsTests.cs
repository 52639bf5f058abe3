// SPDX-License-Identifier: Apache-2.0

using System.Text.Json.Nodes;
using Chart.Tests.Rendering;
using ControlPlane;

namespace Chart.Tests.Objects;

/// <summary>What the chart brings when nothing is turned, or what gardenlet turns (Gardener contract 7.3: deployment).</summary>
public sealed class ObjectsTests
{
    private const string Name = "gardener-extension-runtime-gvisor";
    private const string Pod = "/spec/template";
    private const string Container = "/spec/template/spec/containers/0";

    public static TheoryData<string> Installations() =>
        ["{}", GardenletValues.OfSeed, GardenletValues.OfSelfHostedShoot, GardenletValues.OfRuntimeCluster];

    [Theory]
    [MemberData(nameof(Installations))]
    public async Task The_objects_are_those_that_an_extension_has(string values)
    {
        var objects = await HelmChart.RenderAsync(values);

        string[] ofSeed = values == GardenletValues.OfSeed ? [$"ConfigMap {Name}-dashboard", $"PrometheusRule {Name}"] : [];
        string[] expected =
        [
            $"ConfigMap {Name}-flag-policy", $"ConfigMap {Name}-imagevector-overwrite", $"Deployment {Name}", $"PodDisruptionBudget {Name}", $"ClusterRole {Name}", $"ClusterRoleBinding {Name}", $"Role {Name}",
            $"RoleBinding {Name}", $"Service {Name}", $"ServiceAccount {Name}", $"VerticalPodAutoscaler {Name}-vpa", .. ofSeed,
        ];
        objects.Select(value => $"{value["kind"]} {value.At("/metadata/name")}").Should().BeEquivalentTo(expected);
    }

    /// <summary>Plutono watches its own namespace, Prometheus all of them.</summary>
    [Fact]
    public async Task The_seeds_Plutono_and_the_Prometheus_that_alerts_find_dashboard_and_alerts()
    {
        var objects = await HelmChart.RenderAsync(GardenletValues.OfSeed);
        var dashboard = objects.Single("ConfigMap dashboard");
        var alerts = objects.Single("PrometheusRule");

        ((string?)dashboard.At("/metadata/namespace")).Should().Be("garden");
        ((string?)dashboard.At("/metadata/labels/dashboard.monitoring.gardener.cloud~1seed")).Should().Be("true");
        var text = (string)dashboard.At("/data/extension-runtime-gvisor.json")!;
        JsonNode.DeepEquals(JsonNode.Parse(text), JsonNode.Parse(await File.ReadAllTextAsync(Path.Combine(HelmChart.Folder, "dashboards", "gvisor.json"))))
            .Should().BeTrue();
        ((string?)alerts.At("/metadata/namespace")).Should().Be(LocalControlPlane.ExtensionNamespace);
        ((string?)alerts.At("/metadata/labels/prometheus")).Should().Be("aggregate");
        alerts.At("/spec/groups/0/rules")!.AsArray().Should().HaveCount(2);
    }

    [Fact]
    public async Task Every_object_is_in_the_namespace_of_the_release_or_in_none()
    {
        var objects = await HelmChart.RenderAsync();

        foreach (var value in objects)
        {
            var isOfCluster = ((string)value["kind"]!).StartsWith("Cluster", StringComparison.Ordinal);
            ((string?)value.At("/metadata/namespace")).Should().Be(isOfCluster ? null : LocalControlPlane.ExtensionNamespace);
        }
    }

    /// <summary>A Deployment's selector can never change, and an installation that becomes ours keeps its Deployment.</summary>
    [Fact]
    public async Task Every_object_carries_the_labels_by_which_the_pods_are_selected()
    {
        var labels = JsonNode.Parse($$"""{"app.kubernetes.io/name":"{{Name}}","app.kubernetes.io/instance":"{{HelmChart.Release}}"}""")!.AsObject();
        var objects = await HelmChart.RenderAsync();
        var deployment = objects.Single("Deployment");

        foreach (var (key, value) in labels)
        {
            objects.Should().OnlyContain(each => JsonNode.DeepEquals(each["metadata"]!["labels"]![key], value));
            ((string?)deployment.At($"{Pod}/metadata/labels")![key]).Should().Be((string?)value);
        }

        foreach (var selector in (JsonNode?[])[
            deployment.At("/spec/selector/matchLabels"), objects.Single("PodDisruptionBudget").At("/spec/selector/matchLabels"),
            objects.Single("Service").At("/spec/selector")])
        {
            JsonNode.DeepEquals(selector, labels).Should().BeTrue("pods are selected by {0}", selector?.ToJsonString());
        }
    }

    [Fact]
    public async Task The_number_of_replicas_is_left_to_Gardeners_webhook()
    {
        var deployment = (await HelmChart.RenderAsync(GardenletValues.OfSeed)).Single("Deployment");

        deployment["spec"]!.AsObject().Should().NotContainKey("replicas");
        ((string?)deployment.At("/metadata/labels/high-availability-config.resources.gardener.cloud~1type")).Should().Be("controller");
    }

    [Fact]
    public async Task Gardener_opens_the_network_to_names_and_to_the_API_server()
    {
        var labels = (await HelmChart.RenderAsync()).Single("Deployment").At($"{Pod}/metadata/labels")!;

        ((string?)labels["networking.gardener.cloud/to-dns"]).Should().Be("allowed");
        ((string?)labels["networking.gardener.cloud/to-runtime-apiserver"]).Should().Be("allowed");
    }

    [Fact]
    public async Task The_seeds_Prometheus_finds_the_metrics_and_is_let_in()
    {
        var objects = await HelmChart.RenderAsync();
        var annotations = objects.Single("Deployment").At($"{Pod}/metadata/annotations")!;
        var service = objects.Single("Service");
        var opening = service.At("/metadata/annotations/networking.resources.gardener.cloud~1from-all-seed-scrape-targets-allowed-ports");

        ((string?)annotations["prometheus.io/name"]).Should().Be(HelmChart.Release);
        ((string?)annotations["prometheus.io/scrape"]).Should().Be("true");
        ((string?)annotations["prometheus.io/port"]).Should().Be("8080");
        JsonNode.DeepEquals(JsonNode.Parse((string)opening!), JsonNode.Parse("""[{"port":8080,"protocol":"TCP"}]""")).Should().BeTrue();
        ((string?)service.At("/metadata/annotations/networking.resources.gardener.cloud~1namespace-selectors"))
            .Should().Be("""[{"matchLabels":{"kubernetes.io/metadata.name":"garden"}}]""");
        ((string?)service.At("/metadata/annotations/networking.resources.gardener.cloud~1pod-label-selector-namespace-alias")).Should().Be("extensions");
        ((string?)service.At("/spec/clusterIP")).Should().Be("None");
    }

    [Theory]
    [InlineData("livenessProbe", "/healthz")]
    [InlineData("readinessProbe", "/readyz")]
    public async Task Probes_ask_the_port_of_the_health_endpoints(string probe, string path)
    {
        var deployment = (await HelmChart.RenderAsync("health: {port: 9999}")).Single("Deployment");
        var port = deployment.At($"{Container}/ports")!.AsArray().Single(each => (string?)each!["name"] == "health")!;

        ((string?)deployment.At($"{Container}/{probe}/httpGet/path")).Should().Be(path);
        ((string?)deployment.At($"{Container}/{probe}/httpGet/port")).Should().Be("health");
        ((long?)port["containerPort"]).Should().Be(9999);
        ((JsonArray)deployment.At($"{Container}/args")!).Select(argument => (string)argument!).Should().Contain("--health-bind-address=:9999");
    }

    /// <summary>Gardener's webhook mounts a token that is renewed, unless the pod itself forbids it.</summary>
    [Fact]
    public async Task The_token_is_Gardeners()
    {
        var objects = await HelmChart.RenderAsync();

        ((bool?)objects.Single("ServiceAccount")["automountServiceAccountToken"]).Should().BeFalse();
        objects.Single("Deployment").At($"{Pod}/spec")!.AsObject().Should().NotContainKey("automountServiceAccountToken");
        ((string?)objects.Single("Deployment").At($"{Pod}/spec/serviceAccountName")).Should().Be(Name);
    }

    [Fact]
    public async Task A_change_of_the_image_vector_rolls_the_pods()
    {
        const string Pointer = $"{Pod}/metadata/annotations/checksum~1imagevector-overwrite";
        var one = (await HelmChart.RenderAsync("imageVectorOverwrite: {images: [{name: runtime-gvisor-installation, tag: v1}]}")).Single("Deployment");
        var other = (await HelmChart.RenderAsync("imageVectorOverwrite: {images: [{name: runtime-gvisor-installation, tag: v2}]}")).Single("Deployment");

        ((string?)one.At(Pointer)).Should().NotBeNullOrEmpty().And.NotBe((string?)other.At(Pointer));
        ((string?)one.At($"{Pod}/spec/volumes/0/configMap/name")).Should().Be($"{Name}-imagevector-overwrite");
    }

    [Fact]
    public async Task A_change_of_the_policy_for_flags_rolls_the_pods()
    {
        const string Pointer = $"{Pod}/metadata/annotations/checksum~1flag-policy";
        var one = (await HelmChart.RenderAsync("gvisorInstallation: {flagPolicy: {debug: warn}}")).Single("Deployment");
        var other = (await HelmChart.RenderAsync("gvisorInstallation: {flagPolicy: {debug: deny}}")).Single("Deployment");

        ((string?)one.At(Pointer)).Should().NotBeNullOrEmpty().And.NotBe((string?)other.At(Pointer));
        ((string?)one.At($"{Pod}/spec/volumes/1/configMap/name")).Should().Be($"{Name}-flag-policy");
    }

    /// <summary>Its exit and its message name what is wrong; here the flags of every installation are right.</summary>
    [Theory]
    [MemberData(nameof(Installations))]
    public async Task The_controller_knows_the_flags_that_the_chart_passes(string values)
    {
        var arguments = ((JsonArray)(await HelmChart.RenderAsync(values)).Single("Deployment").At($"{Container}/args")!)
            .Select(argument => (string)argument!);

        // Nothing listens there: it gets as far as the API server.
        var controller = ChildProcess.Start([.. Repository.Controller, .. arguments, "--kubeconfig=/nonexistent"]);
        await using (controller)
        {
            await controller.WaitForExitAsync(TimeSpan.FromMinutes(1), TestContext.Current.CancellationToken);
            controller.Output.Should().Contain("/nonexistent").And.NotContain("Unrecognized");
        }
    }
}
