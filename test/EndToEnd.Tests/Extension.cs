// SPDX-License-Identifier: Apache-2.0

using System.Text.Json.Nodes;
using ControlPlane;
using Kubernetes.Controllers.Serialization;

namespace EndToEnd.Tests;

/// <summary>
/// The extension as gardenlet installs it (Gardener contract 7): its chart, rendered with the values that gardenlet injects, in a namespace
/// that gardenlet makes for it.
/// </summary>
internal sealed class Extension(Cluster cluster)
{
    public const string Namespace = "extension-runtime-gvisor-x7k2p";
    public const string Name = "gardener-extension-runtime-gvisor";

    /// <summary>The ControllerRegistration, whose name is the chart's release.</summary>
    private const string Registration = "runtime-gvisor";

    /// <summary>Kinds of the chart that this API server is too old for, or for which it lacks a CustomResourceDefinition.</summary>
    private static readonly HashSet<string> Unserved = new(StringComparer.Ordinal) { "PodDisruptionBudget", "PrometheusRule", "VerticalPodAutoscaler" };

    private string _installerVector = "";

    /// <summary>Makes the namespace and what a seed has anyway.</summary>
    public async Task PrepareNamespaceAsync()
    {
        await cluster.Api.CreateAsync(ApiPaths.Namespaces(), new JsonObject
        {
            ["metadata"] = new JsonObject
            {
                ["name"] = Namespace,
                ["labels"] = new JsonObject
                {
                    ["gardener.cloud/role"] = "extension",
                    ["controllerregistration.core.gardener.cloud/name"] = Registration,
                    ["high-availability-config.resources.gardener.cloud/consider"] = "true",
                    ["pod-security.kubernetes.io/enforce"] = "restricted",
                },
            },
        });
        await cluster.Api.CreateAsync(ApiPaths.Namespaces(), new JsonObject { ["metadata"] = new JsonObject { ["name"] = "garden" } });
        await cluster.Api.CreateAsync("/apis/scheduling.k8s.io/v1/priorityclasses", new JsonObject
        {
            ["metadata"] = new JsonObject { ["name"] = "gardener-system-900" },
            ["value"] = 999998900,
        });
    }

    /// <summary>Renders and applies the chart.</summary>
    /// <param name="controller">The controller's image.</param>
    /// <param name="installer">The node installer's image, which the operator sets in the image vector.</param>
    /// <returns>What was applied and what the server does not know, as kind and name.</returns>
    public async Task<(IReadOnlyList<string> Applied, IReadOnlyList<string> Left)> InstallAsync(Image controller, Image installer)
    {
        _installerVector = $$"""
            imageVectorOverwrite:
              images:
              - name: runtime-gvisor-installation
                repository: {{installer.Repository}}
                tag: {{installer.Tag}}
            """;
        var directory = Directory.CreateTempSubdirectory("chart-");
        try
        {
            var values = Path.Combine(directory.FullName, "values.yaml");
            await File.WriteAllTextAsync(values, Values(controller));
            var rendered = await RunAsync(
                "sh", "-c", $"{Cluster.Script("helm-template.sh")} {Repository.Root}/charts/{Name} {Registration} {Namespace} -f {values} 2>/dev/null");
            var objects = YamlDocuments.Read(rendered).OfType<JsonObject>().ToList();
            var served = objects.Where(value => !Unserved.Contains((string)value["kind"]!)).ToList();
            foreach (var value in served)
            {
                AdmitAsResourceManager(value);
                ProbeOften(value);
                Sabotage.Adjust(value);
            }

            var manifests = Path.Combine(directory.FullName, "manifests.json");
            var list = new JsonObject { ["apiVersion"] = "v1", ["kind"] = "List", ["items"] = new JsonArray([.. served.Select(value => value.DeepClone())]) };
            await File.WriteAllTextAsync(manifests, list.ToJsonString());
            await cluster.KubectlAsync("apply", "-f", manifests);
            return ([.. served.Select(Describe)], [.. objects.Except(served).Select(Describe)]);
        }
        finally
        {
            directory.Delete(recursive: true);
        }
    }

    private static string Describe(JsonObject value) => $"{value["kind"]} {value["metadata"]!["name"]}";

    private static Task<string> RunAsync(params string[] command) =>
        ChildProcess.GetOutputAsync(command, null, TimeSpan.FromMinutes(5), TestContext.Current.CancellationToken);

    /// <summary>
    /// What the webhooks of a seed's gardener-resource-manager add: two replicas of a controller, and the ServiceAccount's token where the
    /// ServiceAccount does not ask for one itself.
    /// </summary>
    private static void AdmitAsResourceManager(JsonObject value)
    {
        if ((string?)value["kind"] != "Deployment")
        {
            return;
        }

        value["spec"]!["replicas"] = 2;
        var pod = value["spec"]!["template"]!["spec"]!.AsObject();
        var volumes = pod["volumes"] as JsonArray ?? [];
        volumes.Add((JsonNode)new JsonObject
        {
            ["name"] = "kube-api-access-gardener",
            ["projected"] = new JsonObject
            {
                ["defaultMode"] = 420,
                ["sources"] = new JsonArray(
                    new JsonObject { ["serviceAccountToken"] = new JsonObject { ["expirationSeconds"] = 43200, ["path"] = "token" } },
                    new JsonObject
                    {
                        ["configMap"] = new JsonObject
                        {
                            ["name"] = "kube-root-ca.crt",
                            ["items"] = new JsonArray(new JsonObject { ["key"] = "ca.crt", ["path"] = "ca.crt" }),
                        },
                    },
                    new JsonObject
                    {
                        ["downwardAPI"] = new JsonObject
                        {
                            ["items"] = new JsonArray(new JsonObject
                            {
                                ["path"] = "namespace",
                                ["fieldRef"] = new JsonObject { ["fieldPath"] = "metadata.namespace" },
                            }),
                        },
                    }),
            },
        });
        pod["volumes"] = volumes.Parent is null ? volumes : volumes.DeepClone();
        pod["securityContext"] ??= new JsonObject();
        foreach (var container in pod["containers"]!.AsArray())
        {
            var mounts = container!["volumeMounts"] as JsonArray ?? [];
            mounts.Add((JsonNode)new JsonObject
            {
                ["name"] = "kube-api-access-gardener",
                ["mountPath"] = "/var/run/secrets/kubernetes.io/serviceaccount",
                ["readOnly"] = true,
            });
            container["volumeMounts"] = mounts.Parent is null ? mounts : mounts.DeepClone();
        }
    }

    /// <summary>
    /// The kubelet asks for the first time within one period of a probe, ten seconds where the chart says nothing: replicas that follow each
    /// other in a rollout would wait for that and nothing else.
    /// </summary>
    private static void ProbeOften(JsonObject value)
    {
        if ((string?)value["kind"] == "Deployment")
        {
            foreach (var container in value["spec"]!["template"]!["spec"]!["containers"]!.AsArray())
            {
                container!["readinessProbe"]!["periodSeconds"] = 1;
            }
        }
    }

    /// <summary>The operator's values, and what gardenlet injects.</summary>
    private string Values(Image controller) => $"""
        image:
          repository: {controller.Repository}
          tag: {controller.Tag}
        {_installerVector}
        gardener:
          version: v1.120.0
          garden:
            clusterIdentity: landscape-story
          gardenlet:
            featureGates: {"{}"}
          seed:
            name: seed-story
            clusterIdentity: seed-story
            annotations: {"{}"}
            labels: {"{}"}
            provider: local
            region: local
            volumeProvider: ""
            volumeProviders: []
            protected: false
            visible: true
            taints: []
            networks: {"{}"}
            blockCIDRs: []
            spec: {"{}"}
        """;
}
