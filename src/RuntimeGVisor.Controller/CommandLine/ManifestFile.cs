// SPDX-License-Identifier: Apache-2.0

using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization.Metadata;
using Gardener.Extensions.Api;
using Kubernetes.Controllers.Serialization;

namespace RuntimeGVisor.Controller.CommandLine;

/// <summary>Reads objects of Gardener's API out of YAML or JSON files that a person wrote; the file <c>-</c> is standard input.</summary>
internal static class ManifestFile
{
    public static ContainerRuntime ReadContainerRuntime(string path)
    {
        var value = Read(path, "ContainerRuntime", GardenerJson.Default.ContainerRuntime);
        return value.Spec.Type == "gvisor" ? value : throw new CommandLineException($"{path}: spec.type: '{value.Spec.Type}' is not allowed: gvisor");
    }

    public static Cluster ReadCluster(string path) => Read(path, "Cluster", GardenerJson.Default.Cluster);

    /// <exception cref="CommandLineException">The file cannot be read.</exception>
    public static string ReadText(string path)
    {
        try
        {
            return path == "-" ? Console.In.ReadToEnd() : File.ReadAllText(path);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new CommandLineException($"{path}: {exception.Message}", exception);
        }
    }

    /// <exception cref="CommandLineException">The file cannot be read, or holds no such object, or more than one.</exception>
    private static T Read<T>(string path, string kind, JsonTypeInfo<T> type)
    {
        try
        {
            var found = YamlDocuments.Read(ReadText(path)).OfType<JsonObject>().Where(document => Text(document["kind"]) == kind).ToList();
            return found switch
            {
                [var only] when Text(only["apiVersion"]) == "extensions.gardener.cloud/v1alpha1" => only.Deserialize(type)!,
                [var only] => throw new CommandLineException(
                    $"{path}: apiVersion: '{Text(only["apiVersion"])}' is not allowed: extensions.gardener.cloud/v1alpha1"),
                [] => throw new CommandLineException($"{path}: kind: no object of kind {kind} in this file"),
                _ => throw new CommandLineException($"{path}: kind: {found.Count} objects of kind {kind}, one is allowed"),
            };
        }
        catch (Exception exception) when (exception is FormatException or JsonException)
        {
            throw new CommandLineException($"{path}: {exception.Message}", exception);
        }
    }

    private static string? Text(JsonNode? node) => node is JsonValue value && value.TryGetValue<string>(out var text) ? text : null;
}
