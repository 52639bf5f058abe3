// SPDX-License-Identifier: Apache-2.0

using System.Text.Json.Nodes;
using Chart.Tests.Rendering;
using ControlPlane;

namespace Chart.Tests.Objects;

/// <summary>A real API server takes what the charts render, and loses no field of it: a misspelt one would be dropped in silence.</summary>
public sealed class ApiServerTests(Seed seed)
{
    private const string Namespace = LocalControlPlane.ExtensionNamespace;

    /// <summary>Kubernetes 1.20 has an older version of PodDisruptionBudgets, and this field came with 1.26.</summary>
    private const string NewerThanTheServer = "unhealthyPodEvictionPolicy";

    /// <summary>The part of the autoscaler's definition that the chart uses.</summary>
    private const string VerticalPodAutoscalers = """
        {
          "metadata": {
            "name": "verticalpodautoscalers.autoscaling.k8s.io",
            "annotations": { "api-approved.kubernetes.io": "https://github.com/kubernetes/kubernetes/pull/63797" }
          },
          "spec": {
            "group": "autoscaling.k8s.io",
            "scope": "Namespaced",
            "names": { "plural": "verticalpodautoscalers", "kind": "VerticalPodAutoscaler" },
            "versions": [ {
              "name": "v1", "served": true, "storage": true,
              "schema": { "openAPIV3Schema": { "type": "object", "properties": { "spec": {
                "type": "object",
                "required": [ "targetRef" ],
                "properties": {
                  "targetRef": {
                    "type": "object",
                    "required": [ "kind", "name" ],
                    "properties": { "apiVersion": { "type": "string" }, "kind": { "type": "string" }, "name": { "type": "string" } }
                  },
                  "updatePolicy": {
                    "type": "object",
                    "properties": { "updateMode": { "enum": [ "Off", "Initial", "Recreate", "InPlaceOrRecreate", "Auto" ], "type": "string" } }
                  },
                  "resourcePolicy": { "type": "object", "properties": { "containerPolicies": { "type": "array", "items": {
                    "type": "object",
                    "properties": {
                      "containerName": { "type": "string" },
                      "controlledValues": { "enum": [ "RequestsAndLimits", "RequestsOnly" ], "type": "string" },
                      "minAllowed": { "type": "object", "additionalProperties": { "x-kubernetes-int-or-string": true } },
                      "maxAllowed": { "type": "object", "additionalProperties": { "x-kubernetes-int-or-string": true } }
                    }
                  } } } }
                }
              } } } }
            } ]
          }
        }
        """;

    /// <summary>The part of the rules' definition that the chart uses.</summary>
    private const string PrometheusRules = """
        {
          "metadata": { "name": "prometheusrules.monitoring.coreos.com" },
          "spec": {
            "group": "monitoring.coreos.com",
            "scope": "Namespaced",
            "names": { "plural": "prometheusrules", "kind": "PrometheusRule" },
            "versions": [ {
              "name": "v1", "served": true, "storage": true,
              "schema": { "openAPIV3Schema": { "type": "object", "required": [ "spec" ], "properties": { "spec": {
                "type": "object",
                "properties": { "groups": { "type": "array", "items": {
                  "type": "object",
                  "required": [ "name" ],
                  "properties": {
                    "name": { "type": "string", "minLength": 1 },
                    "rules": { "type": "array", "items": {
                      "type": "object",
                      "required": [ "expr" ],
                      "properties": {
                        "alert": { "type": "string" },
                        "expr": { "x-kubernetes-int-or-string": true },
                        "for": { "type": "string", "pattern": "^(([0-9]+)h)?(([0-9]+)m)?(([0-9]+)s)?$" },
                        "labels": { "type": "object", "additionalProperties": { "type": "string" } },
                        "annotations": { "type": "object", "additionalProperties": { "type": "string" } }
                      }
                    } }
                  }
                } } }
              } } } }
            } ]
          }
        }
        """;

    /// <summary>The folder of a chart that runs something, and values.</summary>
    public static TheoryData<string, string> ConfigurationsWithPod() => new()
    {
        { HelmChart.Folder, GardenletValues.OfSeed },
        {
            HelmChart.Folder,
            """
            {
              "replicaCount": 1,
              "leaderElection": { "enabled": false },
              "resources": { "limits": { "cpu": 1, "memory": "1Gi" } },
              "vpa": { "resourcePolicy": { "maxAllowed": { "memory": "1Gi" } } },
              "imageVectorOverwrite": { "images": [ { "name": "runtime-gvisor-installation", "tag": "v1" } ] }
            }
            """
        },
        { HelmChart.AdmissionRuntime, AdmissionValues.OfOperator },
        { HelmChart.AdmissionRuntime, AdmissionValues.OfOneCluster },
    };

    public static TheoryData<string, string> Configurations()
    {
        var configurations = ConfigurationsWithPod();
        configurations.Add(HelmChart.AdmissionApplication, AdmissionValues.OfOperator);
        configurations.Add(HelmChart.AdmissionApplication, AdmissionValues.OfOneCluster);
        return configurations;
    }

    [Theory]
    [MemberData(nameof(Configurations))]
    public async Task The_API_server_takes_every_object_as_it_is(string folder, string values)
    {
        await CreateDefinitionAsync(VerticalPodAutoscalers);
        await CreateDefinitionAsync(PrometheusRules);
        await seed.Api.TryAsync(
            HttpMethod.Post, ApiPaths.Namespaces(), new JsonObject { ["metadata"] = new JsonObject { ["name"] = "garden" } });
        foreach (var value in await HelmChart.RenderAsync(values, folder))
        {
            await ShouldBeTakenAsync(value);
        }
    }

    /// <summary>Objects that make pods are taken whatever is in their template; the pod itself is checked more closely.</summary>
    [Theory]
    [MemberData(nameof(ConfigurationsWithPod))]
    public async Task The_API_server_takes_the_pod(string folder, string values)
    {
        var template = (await HelmChart.RenderAsync(values, folder)).Single("Deployment").At("/spec/template")!.DeepClone().AsObject();
        template["apiVersion"] = "v1";
        template["kind"] = "Pod";
        template["metadata"]!["name"] = "pod";
        await CreateNamedAsync("/apis/scheduling.k8s.io/v1/priorityclasses", template.At("/spec/priorityClassName"), new JsonObject { ["value"] = 999999900 });
        // Nothing makes tokens here, and this API server has none of its own for pods.
        await CreateNamedAsync(
            ApiPaths.ServiceAccounts(Namespace), template.At("/spec/serviceAccountName"), new JsonObject { ["automountServiceAccountToken"] = false });

        await ShouldBeTakenAsync(template);
    }

    /// <summary>What a pod refers to; it may be there already.</summary>
    private Task CreateNamedAsync(string path, JsonNode? name, JsonObject value)
    {
        value["metadata"] = new JsonObject { ["name"] = name!.DeepClone() };
        return seed.Api.TryAsync(HttpMethod.Post, path, value);
    }

    private async Task ShouldBeTakenAsync(JsonObject value)
    {
        var kind = (string)value["kind"]!;
        if (kind == "PodDisruptionBudget")
        {
            value["apiVersion"] = "policy/v1beta1";
            value["spec"]!.AsObject().Remove(NewerThanTheServer).Should().BeTrue();
        }

        var name = (string)value["metadata"]!["name"]!;
        var path = PathOf(value, kind);
        // What the control plane has of the chart already is there under its name.
        var exists = await seed.Api.FindAsync($"{path}/{name}") is not null;
        var (status, body) = await seed.Api.TryAsync(
            exists ? HttpMethod.Put : HttpMethod.Post, (exists ? $"{path}/{name}" : path) + "?dryRun=All", value);

        ((int)status).Should().BeInRange(200, 201, "{0}: {1}", kind, body);
        Missing(value, JsonNode.Parse(body), kind).Should().BeEmpty();
    }

    private static string PathOf(JsonObject value, string kind)
    {
        var version = (string)value["apiVersion"]!;
        var scope = kind.StartsWith("Cluster", StringComparison.Ordinal) || kind == "ValidatingWebhookConfiguration" ? "" : $"/namespaces/{value["metadata"]!["namespace"] ?? Namespace}";
#pragma warning disable CA1308 // A path, not a comparison.
        return $"/{(version == "v1" ? "api" : "apis")}/{version}{scope}/{kind.ToLowerInvariant()}s";
#pragma warning restore CA1308
    }

    /// <summary>The fields that were sent and did not come back, or came back as something else.</summary>
    private static IEnumerable<string> Missing(JsonNode? sent, JsonNode? received, string place) => (sent, received) switch
    {
        (JsonObject one, JsonObject other) => one.SelectMany(field => Missing(field.Value, other[field.Key], $"{place}.{field.Key}")),
        (JsonArray one, JsonArray other) when one.Count == other.Count => one.Zip(other).SelectMany((pair, i) => Missing(pair.First, pair.Second, $"{place}[{i}]")),
        // Quantities are texts for the API server.
        _ => sent?.ToString() == received?.ToString() ? [] : [$"{place}: {received?.ToJsonString() ?? "nothing"} instead of {sent?.ToJsonString()}"],
    };

    /// <summary>Has the API server know a kind that seeds have.</summary>
    private async Task CreateDefinitionAsync(string json)
    {
        const string Definitions = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
        var definition = JsonNode.Parse(json)!.AsObject();
        var name = (string)definition["metadata"]!["name"]!;
        await seed.Api.TryAsync(HttpMethod.Post, Definitions, definition);
        await Eventually.GetAsync(
            $"the definition {name}",
            () => seed.Api.GetAsync($"{Definitions}/{name}"),
            value => value["status"]?["conditions"] is JsonArray conditions
                && conditions.Any(condition => (string?)condition!["type"] == "Established" && (string?)condition["status"] == "True"));
    }
}
