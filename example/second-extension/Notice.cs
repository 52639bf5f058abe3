// SPDX-License-Identifier: Apache-2.0

using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using Gardener.Extensions.Api;
using Gardener.Extensions.ManagedResources;
using Gardener.Extensions.Operations;
using k8s.Models;

namespace SecondExtension;

/// <summary>What a shoot gets: a ConfigMap with the text of its owner. Pure, so that equal input gives equal bytes.</summary>
internal static class Notice
{
    /// <exception cref="CodedException">The provider configuration has no text.</exception>
    public static ReadOnlyMemory<byte> ManifestFor(JsonElement? providerConfig)
    {
        if (providerConfig is not { ValueKind: JsonValueKind.Object } configuration
            || !configuration.TryGetProperty("text", out var text)
            || text.ValueKind != JsonValueKind.String)
        {
            throw new CodedException("providerConfig.text: must be a text", [ErrorCode.ConfigurationProblem]);
        }

        var map = new V1ConfigMap
        {
            ApiVersion = "v1",
            Kind = "ConfigMap",
            Metadata = new V1ObjectMeta { Name = "notice", NamespaceProperty = "kube-system" },
            Data = new Dictionary<string, string> { ["text"] = text.GetString()! },
        };
        return Encoding.UTF8.GetBytes(ManifestYaml.Write([JsonSerializer.SerializeToElement(map, NoticeJson.Default.V1ConfigMap)]));
    }
}

[JsonSourceGenerationOptions(GenerationMode = JsonSourceGenerationMode.Metadata, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(V1ConfigMap))]
internal sealed partial class NoticeJson : JsonSerializerContext;
