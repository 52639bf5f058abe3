// SPDX-License-Identifier: Apache-2.0

using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using RuntimeGVisor.Admission.Reviews;
using RuntimeGVisor.Validation;

namespace RuntimeGVisor.Admission.Tests.Reviews;

/// <summary>Reviews as API servers send them.</summary>
internal static class Review
{
    public const string Label = "containerruntime.extensions.gardener.cloud/gvisor";

    /// <summary>A Shoot with two pools, of which the second has gVisor.</summary>
    /// <param name="configFlags">The flags of gVisor as JSON.</param>
    /// <param name="isLabelled">Whether it has the label that Gardener sets.</param>
    public static JsonObject Shoot(string configFlags = """{"net-raw":"true"}""", bool isLabelled = true)
    {
        var shoot = JsonNode.Parse($$"""
            {
              "apiVersion": "core.gardener.cloud/v1beta1",
              "kind": "Shoot",
              "metadata": { "name": "example", "namespace": "garden-local", "labels": {} },
              "spec": { "provider": { "type": "local", "workers": [
                { "name": "system", "cri": { "name": "containerd" } },
                { "name": "sandboxed", "cri": { "name": "containerd", "containerRuntimes": [ {
                  "type": "gvisor",
                  "providerConfig": {
                    "apiVersion": "gvisor.runtime.extensions.config.gardener.cloud/v1alpha1",
                    "kind": "GVisorConfiguration",
                    "configFlags": {{configFlags}}
                  } } ] } }
              ] } }
            }
            """)!.AsObject();
        if (isLabelled)
        {
            shoot["metadata"]!["labels"]![Label] = "true";
        }

        return shoot;
    }

    public static JsonObject Of(JsonObject? shoot, JsonObject? oldShoot = null) => new()
    {
        ["apiVersion"] = "admission.k8s.io/v1",
        ["kind"] = "AdmissionReview",
        ["request"] = new JsonObject
        {
            ["uid"] = "705ab4f5-6393-11e8-b7cc-42010a800002",
            ["kind"] = new JsonObject { ["group"] = "core.gardener.cloud", ["version"] = "v1beta1", ["kind"] = "Shoot" },
            ["resource"] = new JsonObject { ["group"] = "core.gardener.cloud", ["version"] = "v1beta1", ["resource"] = "shoots" },
            ["name"] = "example",
            ["namespace"] = "garden-local",
            ["operation"] = oldShoot is null ? "CREATE" : "UPDATE",
            ["userInfo"] = new JsonObject { ["username"] = "owner" },
            ["object"] = shoot,
            ["oldObject"] = oldShoot,
            ["dryRun"] = false,
        },
    };

    public static byte[] Bytes(this JsonObject review) => Encoding.UTF8.GetBytes(review.ToJsonString());

    /// <summary>What is answered.</summary>
    public static AdmissionResponse Answer(byte[] json)
    {
        using var review = AdmissionReview.Read(json);
        return new ShootReviewer(FlagPolicy.Default).Review(review);
    }

    /// <inheritdoc cref="Answer(byte[])"/>
    public static AdmissionResponse Answer(this JsonObject review) => Answer(review.Bytes());

    /// <summary>The answer as the API server reads it.</summary>
    public static JsonElement Written(this AdmissionResponse response, string uid = "u")
    {
        var output = new System.Buffers.ArrayBufferWriter<byte>();
        response.Write(output, uid);
        return JsonDocument.Parse(output.WrittenMemory).RootElement;
    }
}
