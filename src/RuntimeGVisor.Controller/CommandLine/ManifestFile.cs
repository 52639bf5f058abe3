// SPDX-License-Identifier: Apache-2.0

using System.Text.Json;
using System.Text.Json.Nodes;
using Gardener.Extensions.Api;
using Kubernetes.Controllers.Serialization;

namespace RuntimeGVisor.Controller.CommandLine;

/// <summary>Reads objects of Gardener's API out of YAML or JSON files that a person wrote.</summary>
internal static class ManifestFile
{
    public static ContainerRuntime ReadContainerRuntime(string path) =>
        Read(path, "ContainerRuntime").Deserialize(GardenerJson.Default.ContainerRuntime)!;

    public static Cluster ReadCluster(string path) => Read(path, "Cluster").Deserialize(GardenerJson.Default.Cluster)!;

    /// <exception cref="CommandLineException">The file cannot be read, or holds no such object, or more than one.</exception>
    private static JsonNode Read(string path, string kind)
    {
        try
        {
            var found = YamlDocuments.Read(File.ReadAllText(path)).OfType<JsonObject>().Where(document => Text(document["kind"]) == kind).ToList();
            return found switch
            {
                [var only] when Text(only["apiVersion"]) == "extensions.gardener.cloud/v1alpha1" => only,
                [var only] => throw new CommandLineException(
                    $"{path}: apiVersion: '{Text(only["apiVersion"])}' is not allowed: extensions.gardener.cloud/v1alpha1"),
                [] => throw new CommandLineException($"{path}: kind: no object of kind {kind} in this file"),
                _ => throw new CommandLineException($"{path}: kind: {found.Count} objects of kind {kind}, one is allowed"),
            };
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or FormatException or JsonException)
        {
            throw new CommandLineException($"{path}: {exception.Message}", exception);
        }
    }

    private static string? Text(JsonNode? node) => node is JsonValue value && value.TryGetValue<string>(out var text) ? text : null;
}
