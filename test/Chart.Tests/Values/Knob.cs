// SPDX-License-Identifier: Apache-2.0

using System.Text.Json.Nodes;

namespace Chart.Tests.Values;

/// <summary>One value of the chart, turned away from its default.</summary>
/// <param name="Key">Where it is in the values, with dots.</param>
/// <param name="Value">What it is turned to, as JSON.</param>
/// <param name="Kind">The object that changes; where there are several of its kind, with the end of its name.</param>
/// <param name="Pointer">The place in that object, as a JSON pointer; an empty one is the whole object.</param>
/// <param name="Expected">What is there then, as JSON: the value, or an element of the list. <c>null</c>: nothing is there.</param>
public sealed record Knob(string Key, string Value, string Kind, string Pointer, string Expected)
{
    private const string Container = "/spec/template/spec/containers/0";
    private const string Annotations = "/spec/template/metadata/annotations";
    private const string ContainerPolicy = "/spec/resourcePolicy/containerPolicies/0";

    /// <summary>Every value of the chart is here at least once; a test sees to it.</summary>
    public static IReadOnlyList<Knob> All { get; } =
    [
        new("image.repository", "\"localhost:5000/controller\"", "Deployment", $"{Container}/image", $"\"localhost:5000/controller:v{Version}\""),
        new("image.tag", "\"v9\"", "Deployment", $"{Container}/image", $"\"{DefaultRepository}:v9\""),
        new("image.tag", $"\"{Digest}\"", "Deployment", $"{Container}/image", $"\"{DefaultRepository}@{Digest}\""),
        new("image.tag", $"\"v9@{Digest}\"", "Deployment", $"{Container}/image", $"\"{DefaultRepository}:v9@{Digest}\""),
        new("image.repository", "\"localhost/gvisor\"", "ConfigMap overwrite", "/data/images_overwrite.yaml", VectorOf("localhost/gvisor-installation")),
        new("image.pullPolicy", "\"Always\"", "Deployment", $"{Container}/imagePullPolicy", "\"Always\""),
        new("replicaCount", "3", "Deployment", "/spec/replicas", "3"),
        new("replicaCount", "0", "Deployment", "/spec/replicas", "0"),
        new("replicaCount", "null", "Deployment", "/spec/replicas", "null"),
        new("resources.requests", """{"memory":"100Mi"}""", "Deployment", $"{Container}/resources/requests/memory", "\"100Mi\""),
        new("resources.limits", """{"memory":"1Gi"}""", "Deployment", $"{Container}/resources/limits", """{"memory":"1Gi"}"""),
        new("vpa.enabled", "false", "VerticalPodAutoscaler", "", "null"),
        new("vpa.resourcePolicy.minAllowed", """{"memory":"40Mi"}""", "VerticalPodAutoscaler", $"{ContainerPolicy}/minAllowed", """{"memory":"40Mi"}"""),
        new("vpa.resourcePolicy.maxAllowed", """{"cpu":"1"}""", "VerticalPodAutoscaler", $"{ContainerPolicy}/maxAllowed", """{"cpu":"1"}"""),
        new("vpa.updatePolicy.updateMode", "\"Off\"", "VerticalPodAutoscaler", "/spec/updatePolicy/updateMode", "\"Off\""),
        new("log.level", "\"debug\"", "Deployment", $"{Container}/args", "\"--log-level=debug\""),
        new("log.format", "\"text\"", "Deployment", $"{Container}/args", "\"--log-format=text\""),
        new("metrics.enableScraping", "false", "Service", "", "null"),
        new("metrics.enableScraping", "false", "Deployment", $"{Annotations}/prometheus.io~1scrape", "null"),
        new("metrics.port", "9090", "Deployment", $"{Container}/args", "\"--metrics-bind-address=:9090\""),
        new("metrics.port", "9090", "Deployment", $"{Container}/ports", """{"name":"metrics","containerPort":9090}"""),
        new("metrics.port", "9090", "Deployment", $"{Annotations}/prometheus.io~1port", "\"9090\""),
        new("metrics.port", "9090", "Service", "/spec/ports/0/port", "9090"),
        new("metrics.dashboard.enabled", "false", "ConfigMap dashboard", "", "null"),
        new("metrics.dashboard.enabled", "true", "ConfigMap dashboard", "/metadata/labels/dashboard.monitoring.gardener.cloud~1seed", "\"true\""),
        new("metrics.alerts.enabled", "false", "PrometheusRule", "", "null"),
        new("metrics.alerts.enabled", "true", "PrometheusRule", "/metadata/labels/prometheus", "\"aggregate\""),
        new("health.port", "9091", "Deployment", $"{Container}/args", "\"--health-bind-address=:9091\""),
        new("health.port", "9091", "Deployment", $"{Container}/ports", """{"name":"health","containerPort":9091}"""),
        new("leaderElection.enabled", "false", "Deployment", $"{Container}/args", "\"--leader-election=false\""),
        new("leaderElection.enabled", "false", "Deployment", "/spec/strategy/type", "\"Recreate\""),
        new("leaderElection.enabled", "false", "Deployment", "/metadata/labels/high-availability-config.resources.gardener.cloud~1type", "null"),
        new("leaderElection.leaseName", "\"mine\"", "Deployment", $"{Container}/args", "\"--leader-election-id=mine\""),
        new("leaderElection.leaseName", "\"mine\"", "Role", "/rules/1/resourceNames", "\"mine\""),
        new("controllers.concurrentSyncs", "20", "Deployment", $"{Container}/args", "\"--max-concurrent-reconciles=20\""),
        new("controllers.ignoreOperationAnnotation", "true", "Deployment", $"{Container}/args", "\"--ignore-operation-annotation=true\""),
        new("controllers.extensionClasses", """["shoot","seed"]""", "Deployment", $"{Container}/args", "\"--extension-classes=shoot,seed\""),
        new("controllers.heartbeat.renewIntervalSeconds", "60", "Deployment", $"{Container}/args", "\"--heartbeat-renew-interval-seconds=60\""),
        new("controllers.healthConditions", "true", "Deployment", $"{Container}/args", "\"--health-conditions=true\""),
        new("gvisorInstallation.nodeCriticalComponent", "true", "Deployment", $"{Container}/args", "\"--node-critical-component=true\""),
        new("gvisorInstallation.testRepository", "\"localhost/test\"", "Deployment", $"{Container}/args", "\"--gvisor-installation-test-repository=localhost/test\""),
        new("gvisorInstallation.testRepository", "\"localhost/test\"", "ConfigMap policy", "/data/flag-policy.yaml", PolicyOf("{}", "allow")),
        new("gvisorInstallation.flagPolicy", """{"nvproxy":"deny"}""", "Deployment", $"{Container}/args", "\"--flag-policy=/flag-policy/flag-policy.yaml\""),
        new("gvisorInstallation.flagPolicy", """{"nvproxy":"deny"}""", "Deployment", $"{Container}/volumeMounts/1/mountPath", "\"/flag-policy\""),
        new("gvisorInstallation.flagPolicy", """{"nvproxy":"deny"}""", "ConfigMap policy", "/data/flag-policy.yaml", PolicyOf("""{\"nvproxy\":\"deny\"}""", "deny")),
        new("gvisorInstallation.flagPolicy", "null", "ConfigMap policy", "/data/flag-policy.yaml", PolicyOf("{}", "deny")),
        new("imageVectorOverwrite", ImageVector, "Deployment", $"{Container}/env", """{"name":"IMAGEVECTOR_OVERWRITE","value":"/imagevector-overwrite/images_overwrite.yaml"}"""),
        new("imageVectorOverwrite", ImageVector, "Deployment", $"{Container}/volumeMounts/0/mountPath", "\"/imagevector-overwrite\""),
        new("imageVectorOverwrite", "{}", "ConfigMap overwrite", "/data/images_overwrite.yaml", VectorOf($"{DefaultRepository}-installation")),
        new("imageVectorOverwrite", "null", "ConfigMap overwrite", "/data/images_overwrite.yaml", VectorOf($"{DefaultRepository}-installation")),
        new("imageVectorOverwrite", "\"\"", "ConfigMap overwrite", "/data/images_overwrite.yaml", VectorOf($"{DefaultRepository}-installation")),
        new("imageVectorOverwrite", ImageVector, "ConfigMap overwrite", "/data/images_overwrite.yaml", "\"images:\\n- name: runtime-gvisor-installation\\n  tag: v9\\n\""),
        new("imageVectorOverwrite", "\"images: []\\n\"", "ConfigMap overwrite", "/data/images_overwrite.yaml", "\"images: []\\n\""),
        new("gardener", """{"version":"v1.149.3"}""", "Deployment", $"{Container}/args", "\"--gardener-version=v1.149.3\""),
        new("usablePorts", "[10300,10301,10302,10303,10304]", "Deployment", $"{Container}/args", "\"--metrics-bind-address=:10300\""),
        new("usablePorts", "[10300,10301,10302,10303,10304]", "Deployment", $"{Container}/args", "\"--health-bind-address=:10302\""),
        new("usablePorts", "[10300,10301,10302,10303,10304]", "Deployment", $"{Container}/ports", """{"name":"health","containerPort":10302}"""),
        new("usablePorts", "[10300,10301,10302,10303,10304]", "Deployment", $"{Annotations}/prometheus.io~1port", "\"10300\""),
        new("usablePorts", "[10300,10301,10302,10303,10304]", "Service", "/spec/ports/0/port", "10300"),
        new("global", """{"any":"thing"}""", "Deployment", "/spec/replicas", "null"),
    ];

    private const string DefaultRepository = "registry.example.com/extensions/runtime-gvisor";
    private const string ImageVector = """{"images":[{"name":"runtime-gvisor-installation","tag":"v9"}]}""";

    private static string VectorOf(string repository) => $"\"images:\\n- name: runtime-gvisor-installation\\n  repository: {repository}\\n\"";

    private static string PolicyOf(string flags, string testImageTag) =>
        $"\"apiVersion: gvisor.runtime.extensions.config.gardener.cloud/v1alpha1\\nkind: FlagPolicy\\nflags: {flags}\\ntestImageTag: {testImageTag}\\n\"";

    private static string Version => File.ReadAllText(Path.Combine(Repository.Root, "VERSION")).Trim();

    private static string Digest => $"sha256:{new string('a', 64)}";

    /// <summary>The chart's values with this one turned, and what has to be turned with it.</summary>
    public string Values()
    {
        var values = Key switch
        {
            "leaderElection.enabled" => new JsonObject { ["replicaCount"] = 1 },
            "metrics.dashboard.enabled" or "metrics.alerts.enabled" => new JsonObject { ["gardener"] = new JsonObject { ["seed"] = new JsonObject { ["name"] = "one" } } },
            _ => [],
        };
        var place = values;
        var steps = Key.Split('.');
        foreach (var step in steps[..^1])
        {
            place[step] = new JsonObject();
            place = place[step]!.AsObject();
        }

        place[steps[^1]] = JsonNode.Parse(Value);
        return values.ToJsonString();
    }
}
