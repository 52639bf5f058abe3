// SPDX-License-Identifier: Apache-2.0

using System.Text;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using Kubernetes.Controllers.Client;
using Kubernetes.Controllers.Serialization;
using k8s.Models;

namespace RuntimeGVisor.Admission.Certificates;

/// <summary><c>validatingwebhookconfigurations.admissionregistration.k8s.io</c>, and the one change that is made to them here.</summary>
internal static class WebhookConfigurations
{
    /// <summary>The resource.</summary>
    public static ResourceDefinition<V1ValidatingWebhookConfiguration> Resource { get; } = new(
        "admissionregistration.k8s.io",
        "v1",
        "validatingwebhookconfigurations",
        "ValidatingWebhookConfiguration",
        Namespaced: false,
        WebhookConfigurationJson.Default.V1ValidatingWebhookConfiguration);

    /// <summary>Whether every webhook trusts just these authorities.</summary>
    public static bool Trusts(this V1ValidatingWebhookConfiguration configuration, string bundle)
    {
        var expected = Encoding.UTF8.GetBytes(bundle);
        return (configuration.Webhooks ?? []).All(webhook => webhook.ClientConfig.CaBundle.AsSpan().SequenceEqual(expected));
    }

    /// <summary>Has every webhook trust these authorities. Fails if somebody has changed the object since it was read.</summary>
    public static Patch Trust(V1ValidatingWebhookConfiguration configuration, string bundle)
    {
        var value = Convert.ToBase64String(Encoding.UTF8.GetBytes(bundle));
        var operations = new JsonArray(Operation("test", "/metadata/resourceVersion", configuration.Metadata.ResourceVersion));
        for (var i = 0; i < configuration.Webhooks.Count; i++)
        {
            operations.Add(Operation("add", $"/webhooks/{i}/clientConfig/caBundle", value));
        }

        return Patch.Json(operations);
    }

    private static JsonNode Operation(string operation, string path, string value) =>
        new JsonObject { ["op"] = operation, ["path"] = path, ["value"] = value };
}

/// <summary>How a webhook configuration is read.</summary>
[JsonSourceGenerationOptions(
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    GenerationMode = JsonSourceGenerationMode.Metadata,
    Converters = [typeof(Rfc3339Converter), typeof(ManagedFieldsConverter)])]
[JsonSerializable(typeof(V1ValidatingWebhookConfiguration))]
internal sealed partial class WebhookConfigurationJson : JsonSerializerContext;
