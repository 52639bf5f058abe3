// SPDX-License-Identifier: Apache-2.0

using System.Text.Json.Nodes;
using ControlPlane;

namespace Integration.Tests.Takeover;

/// <summary>Everything of gVisor that is in a shoot's namespace of the seed and in the shoot, at one moment.</summary>
internal sealed class Landscape
{
    private readonly Dictionary<string, JsonObject> _objects = new(StringComparer.Ordinal);

    private Landscape()
    {
    }

    /// <summary>All objects, as <c>Kind name</c>.</summary>
    public IEnumerable<string> Names => _objects.Keys;

    /// <summary>The objects in the shoot.</summary>
    public IEnumerable<string> NamesInShoot => Names.Where(IsInShoot);

    /// <summary>Name and version of every object: equal as long as nobody has written any of them.</summary>
    public IEnumerable<string> Versions => _objects.Select(entry => $"{entry.Key} {entry.Value["metadata"]!["resourceVersion"]}");

    /// <inheritdoc cref="Versions"/>
    public IEnumerable<string> VersionsInShoot => Versions.Where(IsInShoot);

    /// <summary>
    /// The secrets and ConfigMaps that Gardener's garbage collector would take: marked, and referred to by nothing (Gardener contract 4.2).
    /// </summary>
    public IEnumerable<string> Garbage => _objects
        .Where(entry => entry.Key.StartsWith("Secret ", StringComparison.Ordinal) || entry.Key.StartsWith("ConfigMap ", StringComparison.Ordinal))
        .Where(entry => (string?)entry.Value["metadata"]!["labels"]?[GoExtension.GarbageCollectable] == "true" && !References.Contains(NameOf(entry.Value)))
        .Select(entry => entry.Key);

    /// <summary>Names that reference annotations protect.</summary>
    public IReadOnlySet<string> References => _objects.Values
        .SelectMany(value => value["metadata"]!["annotations"]?.AsObject() ?? [])
        .Where(annotation => annotation.Key.StartsWith(GoExtension.ReferencePrefix, StringComparison.Ordinal))
        .Select(annotation => (string)annotation.Value!)
        .ToHashSet(StringComparer.Ordinal);

    public JsonObject this[string name] => _objects[name];

    public static async Task<Landscape> ReadAsync(ApiServer api, Shoot shoot)
    {
        var landscape = new Landscape();
        await landscape.AddAsync(api, "ContainerRuntime", ApiPaths.ContainerRuntimes(shoot.Namespace));
        await landscape.AddAsync(api, "ManagedResource", ApiPaths.ManagedResources(shoot.Namespace));
        await landscape.AddAsync(api, "Secret", ApiPaths.Secrets(shoot.Namespace));
        await landscape.AddAsync(api, "RuntimeClass", ApiPaths.RuntimeClasses());
        await landscape.AddAsync(api, "ServiceAccount", ApiPaths.ServiceAccounts("kube-system"));
        await landscape.AddAsync(api, "ConfigMap", ApiPaths.ConfigMaps("kube-system"));
        await landscape.AddAsync(api, "DaemonSet", ApiPaths.DaemonSets("kube-system"));
        return landscape;
    }

    /// <summary>Takes gVisor out of the shoot, for which the seed itself stands in: the next test has one of its own.</summary>
    public static async Task ClearShootAsync(ApiServer api)
    {
        foreach (var collection in (string[])[ApiPaths.RuntimeClasses(), ApiPaths.ServiceAccounts("kube-system"), ApiPaths.ConfigMaps("kube-system"), ApiPaths.DaemonSets("kube-system")])
        {
            foreach (var value in (await api.ListAsync(collection)).Where(IsOfGVisor))
            {
                await api.DeleteAsync($"{collection}/{NameOf(value)}");
            }
        }
    }

    public string Uid(string name) => (string)this[name]["metadata"]!["uid"]!;

    private static bool IsInShoot(string name) => name.Split(' ')[0] is "RuntimeClass" or "ServiceAccount" or "ConfigMap" or "DaemonSet";

    private static bool IsOfGVisor(JsonObject value) => NameOf(value).Contains("gvisor", StringComparison.Ordinal);

    private static string NameOf(JsonObject value) => (string)value["metadata"]!["name"]!;

    private async Task AddAsync(ApiServer api, string kind, string collection)
    {
        foreach (var value in (await api.ListAsync(collection)).Where(IsOfGVisor))
        {
            _objects.Add($"{kind} {NameOf(value)}", value);
        }
    }
}
