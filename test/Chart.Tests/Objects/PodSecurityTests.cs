// SPDX-License-Identifier: Apache-2.0

using System.Text.Json.Nodes;
using Chart.Tests.Rendering;

namespace Chart.Tests.Objects;

/// <summary>
/// The pods of controller and admission keep every rule of Kubernetes' restricted pod security standard, however the charts are configured,
/// and two that are stricter.
/// </summary>
public sealed class PodSecurityTests
{
    private static readonly string[] AllowedVolumes = ["configMap", "csi", "downwardAPI", "emptyDir", "ephemeral", "persistentVolumeClaim", "projected", "secret"];

    /// <summary>The rules by name; each answers whether a pod's spec keeps it.</summary>
    private static readonly Dictionary<string, Predicate<JsonObject>> Rules = new(StringComparer.Ordinal)
    {
        ["no namespace of the node"] = pod => ((string[])["hostNetwork", "hostPID", "hostIPC"]).All(field => pod[field] is null),
        ["no privileged container"] = pod => Containers(pod).All(container => (bool?)Security(container)?["privileged"] != true),
        ["no capability is kept or added"] = pod => Containers(pod).All(container =>
            Security(container)?["capabilities"]?["drop"] is JsonArray drop && drop.Any(name => (string?)name == "ALL") && Security(container)!["capabilities"]!["add"] is null),
        ["only volumes without the node"] = pod => ((pod["volumes"] as JsonArray) ?? []).All(volume => volume!.AsObject().All(field => field.Key == "name" || AllowedVolumes.Contains(field.Key))),
        ["no port of the node"] = pod => Containers(pod).All(container => ((container["ports"] as JsonArray) ?? []).All(port => port!["hostPort"] is null)),
        ["no privilege escalation"] = pod => Containers(pod).All(container => (bool?)Security(container)?["allowPrivilegeEscalation"] == false),
        ["not root"] = pod => (bool?)Security(pod)?["runAsNonRoot"] == true && (long?)Security(pod)?["runAsUser"] > 0,
        ["no container is root after all"] = pod => Containers(pod).All(container => Security(container)?["runAsNonRoot"] is null && Security(container)?["runAsUser"] is null),
        ["the runtime's seccomp profile"] = pod => (string?)Security(pod)?["seccompProfile"]?["type"] == "RuntimeDefault" && Containers(pod).All(container => Security(container)?["seccompProfile"] is null),
        ["no sysctls, no SELinux options, no AppArmor profile, no procMount"] = pod => ((JsonObject[])[pod, .. Containers(pod)]).All(each =>
            ((string[])["sysctls", "seLinuxOptions", "appArmorProfile", "procMount"]).All(field => Security(each)?[field] is null)),
        ["stricter: the root file system is read-only"] = pod => Containers(pod).All(container => (bool?)Security(container)?["readOnlyRootFilesystem"] == true),
        ["stricter: every volume is mounted read-only"] = pod => Containers(pod).All(container => ((container["volumeMounts"] as JsonArray) ?? []).All(mount => (bool?)mount!["readOnly"] == true)),
    };

    public static TheoryData<string, string> Cases() => new MatrixTheoryData<string, string>(
        Rules.Keys,
        [
            "{}",
            GardenletValues.OfSeed,
            """{"leaderElection":{"enabled":false},"replicaCount":1,"metrics":{"enableScraping":false}}""",
            """{"imageVectorOverwrite":{"images":[{"name":"runtime-gvisor-installation","tag":"v1"}]}}""",
        ]);

    public static TheoryData<string, string> AdmissionCases() =>
        new MatrixTheoryData<string, string>(Rules.Keys, [AdmissionValues.OfOperator, AdmissionValues.OfOneCluster]);

    [Theory]
    [MemberData(nameof(Cases))]
    public Task The_controllers_pod_keeps_the_rule(string rule, string values) => ShouldKeepAsync(rule, values, HelmChart.Folder);

    [Theory]
    [MemberData(nameof(AdmissionCases))]
    public Task The_admissions_pod_keeps_the_rule(string rule, string values) => ShouldKeepAsync(rule, values, HelmChart.AdmissionRuntime);

    private static async Task ShouldKeepAsync(string rule, string values, string folder)
    {
        var pod = (await HelmChart.RenderAsync(values, folder)).Single("Deployment").At("/spec/template/spec")!.AsObject();

        Rules[rule](pod).Should().BeTrue("{0}: {1}", rule, pod.ToJsonString());
    }

    private static JsonNode? Security(JsonNode value) => value["securityContext"];

    private static IEnumerable<JsonObject> Containers(JsonObject pod) =>
        ((string[])["initContainers", "containers", "ephemeralContainers"])
            .SelectMany(field => (pod[field] as JsonArray) ?? [])
            .Select(container => container!.AsObject());
}
