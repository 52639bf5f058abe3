// SPDX-License-Identifier: Apache-2.0

using System.Text.Json.Nodes;
using Chart.Tests.Rendering;
using ControlPlane;

namespace Chart.Tests.Admission;

/// <summary>Both charts of the admission (Gardener contract 7.5: admission component).</summary>
public sealed class AdmissionChartTests
{
    private const string Name = "gardener-extension-admission-runtime-gvisor";
    private const string Container = "/spec/template/spec/containers/0";
    private const string Webhook = "/webhooks/0";

    /// <summary>Value, kind, place and what is there then, as JSON; an element is enough of a list.</summary>
    public static TheoryData<string, string, string, string> RuntimeValues() => new()
    {
        { "image: {repository: 'localhost/admission', tag: v9}", "Deployment", $"{Container}/image", "\"localhost/admission:v9\"" },
        { $"image: {{tag: 'sha256:{new string('a', 64)}'}}", "Deployment", $"{Container}/image", $"\"registry.example.com/extensions/runtime-gvisor@sha256:{new string('a', 64)}\"" },
        { "image: {pullPolicy: Always}", "Deployment", $"{Container}/imagePullPolicy", "\"Always\"" },
        { "replicaCount: 3", "Deployment", "/spec/replicas", "3" },
        { "resources: {limits: {memory: 1Gi}}", "Deployment", $"{Container}/resources/limits", """{"memory":"1Gi"}""" },
        { "vpa: {enabled: false}", "VerticalPodAutoscaler", "", "null" },
        { "vpa: {updatePolicy: {updateMode: Initial}}", "VerticalPodAutoscaler", "/spec/updatePolicy/updateMode", "\"Initial\"" },
        { "vpa: {resourcePolicy: {minAllowed: {memory: 40Mi}}}", "VerticalPodAutoscaler", "/spec/resourcePolicy/containerPolicies/0/minAllowed", """{"memory":"40Mi"}""" },
        { "vpa: {resourcePolicy: {maxAllowed: {cpu: '1'}}}", "VerticalPodAutoscaler", "/spec/resourcePolicy/containerPolicies/0/maxAllowed", """{"cpu":"1"}""" },
        { "log: {level: debug}", "Deployment", $"{Container}/args", "\"--log-level=debug\"" },
        { "log: {format: text}", "Deployment", $"{Container}/args", "\"--log-format=text\"" },
        { "webhook: {port: 9443}", "Deployment", $"{Container}/args", "\"--webhook-bind-address=:9443\"" },
        { "webhook: {port: 9443}", "Deployment", $"{Container}/ports", """{"name":"webhook","containerPort":9443}""" },
        { "webhook: {port: 9443}", "Service", "/metadata/annotations/networking.resources.gardener.cloud~1from-world-to-ports", "\"[{\\\"port\\\":9443,\\\"protocol\\\":\\\"TCP\\\"}]\"" },
        { "metrics: {port: 9090}", "Deployment", $"{Container}/args", "\"--metrics-bind-address=:9090\"" },
        { "metrics: {port: 9090}", "Service", "/spec/ports/1/port", "9090" },
        { "metrics: {enableScraping: false}", "Service", "/spec/ports/1", "null" },
        { "metrics: {enableScraping: false}", "Deployment", "/spec/template/metadata/annotations/prometheus.io~1scrape", "null" },
        { "health: {port: 9091}", "Deployment", $"{Container}/args", "\"--health-bind-address=:9091\"" },
        { "health: {port: 9091}", "Deployment", $"{Container}/ports", """{"name":"health","containerPort":9091}""" },
        { "tls: {secretName: mine}", "Deployment", $"{Container}/args", "\"--certificate-directory=/certificate\"" },
        { "tls: {secretName: mine}", "Deployment", "/spec/template/spec/volumes/0/secret/secretName", "\"mine\"" },
        { "tls: {secretName: mine}", "Role", "", "null" },
        { "flagPolicy: {nvproxy: deny}", "ConfigMap", "/data/flag-policy.yaml", PolicyOf("""{\"nvproxy\":\"deny\"}""", "deny") },
        { "flagPolicy: null", "ConfigMap", "/data/flag-policy.yaml", PolicyOf("{}", "deny") },
        { "testImageTag: allow", "ConfigMap", "/data/flag-policy.yaml", PolicyOf("{}", "allow") },
        { "gardener: {runtimeCluster: {priorityClassName: mine}}", "Deployment", "/spec/template/spec/priorityClassName", "\"mine\"" },
        { "gardener: {virtualCluster: {enabled: false}}", "Deployment", "/spec/template/metadata/labels/networking.resources.gardener.cloud~1to-virtual-garden-kube-apiserver-tcp-443", "null" },
    };

    [Theory]
    [InlineData("{}")]
    [InlineData(AdmissionValues.OfOperator)]
    public async Task The_charts_bring_what_an_admission_has(string values)
    {
        (await HelmChart.RenderAsync(values, HelmChart.AdmissionRuntime)).Select(Described).Should().BeEquivalentTo(
            $"ConfigMap {Name}-flag-policy", $"Deployment {Name}", $"PodDisruptionBudget {Name}", $"Role {Name}", $"RoleBinding {Name}", $"Service {Name}",
            $"ServiceAccount {Name}", $"VerticalPodAutoscaler {Name}-vpa");
        (await HelmChart.RenderAsync(values, HelmChart.AdmissionApplication)).Select(Described).Should().BeEquivalentTo(
            $"ClusterRole {Name}", $"ClusterRoleBinding {Name}", $"ValidatingWebhookConfiguration {Name}");
    }

    [Theory]
    [MemberData(nameof(RuntimeValues))]
    public async Task A_value_reaches_the_object_that_it_is_for(string values, string kind, string pointer, string expected)
    {
        var actual = (await HelmChart.RenderAsync(values, HelmChart.AdmissionRuntime)).Find(kind)?.At(pointer);

        var node = JsonNode.Parse(expected);
        var isThere = actual is JsonArray list ? list.Any(element => JsonNode.DeepEquals(element, node)) : JsonNode.DeepEquals(actual, node);
        isThere.Should().BeTrue("with {0} there must be {1}, not {2}", values, expected, actual?.ToJsonString() ?? "nothing");
    }

    [Fact]
    public async Task The_webhook_judges_creations_and_updates_of_shoots_with_gVisor_alone()
    {
        var configuration = (await HelmChart.RenderAsync("{}", HelmChart.AdmissionApplication)).Single("ValidatingWebhookConfiguration");

        configuration["webhooks"]!.AsArray().Should().ContainSingle();
        Is(configuration.At($"{Webhook}/objectSelector"), """{"matchLabels":{"containerruntime.extensions.gardener.cloud/gvisor":"true"}}""");
        Is(
            configuration.At($"{Webhook}/rules"),
            """[{"apiGroups":["core.gardener.cloud"],"apiVersions":["v1beta1"],"operations":["CREATE","UPDATE"],"resources":["shoots"],"scope":"Namespaced"}]""");
        Is(configuration.At($"{Webhook}/sideEffects"), "\"None\"");
        Is(configuration.At($"{Webhook}/admissionReviewVersions"), """["v1"]""");
        Is(configuration.At("/metadata/labels/remediation.webhook.shoot.gardener.cloud~1exclude"), "\"true\"");
    }

    [Theory]
    [InlineData("{}", "Fail", 10)]
    [InlineData("webhook: {failurePolicy: Ignore, timeoutSeconds: 5}", "Ignore", 5)]
    public async Task The_operator_decides_what_becomes_of_shoots_without_the_webhook(string values, string failurePolicy, int timeout)
    {
        var configuration = (await HelmChart.RenderAsync(values, HelmChart.AdmissionApplication)).Single("ValidatingWebhookConfiguration");

        ((string?)configuration.At($"{Webhook}/failurePolicy")).Should().Be(failurePolicy);
        ((long?)configuration.At($"{Webhook}/timeoutSeconds")).Should().Be(timeout);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task API_servers_reach_the_webhook_by_a_name_that_its_certificate_has(bool isVirtual)
    {
        var values = $"{{gardener: {{virtualCluster: {{enabled: {(isVirtual ? "true" : "false")}}}}}, runtime: {{namespace: {LocalControlPlane.ExtensionNamespace}}}}}";
        var runtime = await HelmChart.RenderAsync(values, HelmChart.AdmissionRuntime);
        var client = (await HelmChart.RenderAsync(values, HelmChart.AdmissionApplication)).Single("ValidatingWebhookConfiguration").At($"{Webhook}/clientConfig")!;
        var service = runtime.Single("Service");
        var (serviceName, serviceNamespace) = ((string)service.At("/metadata/name")!, (string)service.At("/metadata/namespace")!);

        // For a service, API servers ask for its name in the cluster.
        var host = isVirtual ? new Uri((string)client["url"]!).Host : $"{client["service"]!["name"]}.{client["service"]!["namespace"]}.svc";
        var path = isVirtual ? new Uri((string)client["url"]!).AbsolutePath : (string?)client["service"]!["path"];

        host.Should().StartWith($"{serviceName}.{serviceNamespace}");
        path.Should().Be("/webhooks/validate");
        ArgumentsOf(runtime).Single(argument => argument.StartsWith("--server-names=", StringComparison.Ordinal)).Split('=')[1].Split(',').Should().Contain(host);
        Is(service.At("/spec/ports/0"), """{"name":"webhook","port":443,"targetPort":"webhook","protocol":"TCP"}""");
    }

    /// <summary>That the program needs each of them is seen in AdmissionTests.</summary>
    [Fact]
    public async Task The_rights_are_for_its_own_Secret_and_its_own_webhook_configuration()
    {
        var role = (await HelmChart.RenderAsync("{}", HelmChart.AdmissionRuntime)).Single("Role");
        var clusterRole = (await HelmChart.RenderAsync("{}", HelmChart.AdmissionApplication)).Single("ClusterRole");

        Is(role["rules"], $$"""
            [ { "apiGroups": [""], "resources": ["secrets"], "verbs": ["create"] },
              { "apiGroups": [""], "resources": ["secrets"], "resourceNames": ["{{Name}}-tls"], "verbs": ["get", "patch"] } ]
            """);
        Is(clusterRole["rules"], $$"""
            [ { "apiGroups": ["admissionregistration.k8s.io"], "resources": ["validatingwebhookconfigurations"], "resourceNames": ["{{Name}}"],
                "verbs": ["get", "patch"] } ]
            """);
    }

    [Theory]
    [InlineData(AdmissionValues.OfOperator, "extension-admission-runtime-gvisor", "kube-system")]
    [InlineData(AdmissionValues.OfOneCluster, Name, "admission")]
    public async Task The_rights_in_the_virtual_garden_are_given_to_whom_the_program_is_there(string values, string name, string @namespace)
    {
        var binding = (await HelmChart.RenderAsync(values, HelmChart.AdmissionApplication)).Single("ClusterRoleBinding");

        Is(binding["subjects"], $$"""[{"kind":"ServiceAccount","name":"{{name}}","namespace":"{{@namespace}}"}]""");
    }

    [Theory]
    [InlineData(AdmissionValues.OfOperator)]
    [InlineData(AdmissionValues.OfOneCluster)]
    [InlineData("gardener: {somethingNew: {a: 1}}")]
    [InlineData("somethingThatGardenerAddsTomorrow: {a: [1]}")]
    [InlineData("resources: {}")]
    [InlineData("vpa: {resourcePolicy: {minAllowed: null}}")]
    public async Task Values_that_make_sense_are_taken_by_both_charts(string values)
    {
        (await HelmChart.RenderAsync(values, HelmChart.AdmissionRuntime)).Should().NotBeEmpty();
        (await HelmChart.RenderAsync(values, HelmChart.AdmissionApplication)).Should().NotBeEmpty();
    }

    [Theory]
    [InlineData("image: {repository: ''}", "image.repository: must be set")]
    [InlineData("image: {registry: localhost}", "registry")]
    [InlineData("image: {tag: 1.0}", "tag")]
    [InlineData("replicaCount: -1", "replicaCount")]
    [InlineData("resources: {memory: 1Gi}", "memory")]
    [InlineData("vpa: {updatePolicy: {updateMode: Sometimes}}", "updateMode")]
    [InlineData("log: {level: trace}", "level")]
    [InlineData("webhook: {port: 443}", "port")]
    [InlineData("webhook: {port: 8080}", "webhook.port, metrics.port and health.port")]
    [InlineData("metrics: {scrape: true}", "scrape")]
    [InlineData("health: null", "health")]
    [InlineData("tls: {secretName: 'No name'}", "secretName")]
    [InlineData("tls: {secret: mine}", "secret")]
    [InlineData("flagPolicy: {net-rwa: deny}", "net-rwa")]
    [InlineData("flagPolicy: {nvproxy: forbid}", "nvproxy")]
    [InlineData("testImageTag: true", "testImageTag")]
    [InlineData("gardener: {virtualCluster: {enabled: 'yes'}}", "enabled")]
    public async Task Values_that_make_none_are_refused_by_the_runtime_chart(string values, string named) =>
        (await HelmChart.RefuseAsync(values, HelmChart.AdmissionRuntime)).Should().Contain(named);

    [Theory]
    [InlineData("webhook: {failurePolicy: Sometimes}", "failurePolicy")]
    [InlineData("webhook: {timeoutSeconds: 31}", "timeoutSeconds")]
    [InlineData("runtime: {namespace: 'Not a name'}", "namespace")]
    [InlineData("runtime: {name: garden}", "name")]
    [InlineData("gardener: {virtualCluster: {serviceAccount: {name: ''}}}", "name")]
    [InlineData("gardener: {virtualCluster: {enabled: 1}}", "enabled")]
    public async Task Values_that_make_none_are_refused_by_the_application_chart(string values, string named) =>
        (await HelmChart.RefuseAsync(values, HelmChart.AdmissionApplication)).Should().Contain(named);

    /// <summary>Its exit and its message name what is wrong; here flags and policy are right.</summary>
    [Theory]
    [InlineData(AdmissionValues.OfOperator)]
    [InlineData(AdmissionValues.OfOneCluster)]
    public async Task The_program_knows_the_flags_and_the_policy_that_the_chart_gives(string values)
    {
        var runtime = await HelmChart.RenderAsync(values, HelmChart.AdmissionRuntime);
        var policy = Path.GetTempFileName();
        try
        {
            await File.WriteAllTextAsync(policy, (string?)runtime.Single("ConfigMap").At("/data/flag-policy.yaml"), TestContext.Current.CancellationToken);
            var arguments = ArgumentsOf(runtime).Select(argument => argument.Replace("/flag-policy/flag-policy.yaml", policy, StringComparison.Ordinal));

            // Nothing is there: it gets as far as its credentials.
            await using var program = ChildProcess.Start([.. Repository.Admission, .. arguments, "--kubeconfig=/nonexistent"]);
            await program.WaitForExitAsync(TimeSpan.FromMinutes(1), TestContext.Current.CancellationToken);

            program.Output.Should().Contain("/nonexistent").And.NotContain("Unrecognized");
        }
        finally
        {
            File.Delete(policy);
        }
    }

    private static string PolicyOf(string flags, string testImageTag) =>
        $"\"apiVersion: gvisor.runtime.extensions.config.gardener.cloud/v1alpha1\\nkind: FlagPolicy\\nflags: {flags}\\ntestImageTag: {testImageTag}\\n\"";

    private static string Described(JsonObject value) => $"{value["kind"]} {value.At("/metadata/name")}";

    private static string[] ArgumentsOf(IEnumerable<JsonObject> runtime) =>
        [.. ((JsonArray)runtime.Single("Deployment").At($"{Container}/args")!).Select(argument => (string)argument!)];

    private static void Is(JsonNode? actual, string expected) =>
        JsonNode.DeepEquals(actual, JsonNode.Parse(expected)).Should().BeTrue("there must be {0}, not {1}", expected, actual?.ToJsonString() ?? "nothing");
}
