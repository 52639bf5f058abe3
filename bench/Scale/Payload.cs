// SPDX-License-Identifier: Apache-2.0

using System.Text.Json.Nodes;
using ControlPlane;

namespace Scale;

/// <summary>A secret and the ManagedResource that refers to it, as they are sent.</summary>
internal sealed record PayloadPair(string Secret, string ManagedResource)
{
    public PayloadPair In(string oldNamespace, string @namespace) => new(
        Secret.Replace(oldNamespace, @namespace, StringComparison.Ordinal), ManagedResource.Replace(oldNamespace, @namespace, StringComparison.Ordinal));
}

/// <summary>
/// The objects that the controller writes for a shoot, taken from a shoot for which it has written them: bare writes of other bytes
/// would be no reference.
/// </summary>
internal sealed class Payload
{
    private const string SharedName = "extension-runtime-gvisor";

    private readonly string _namespace;
    private readonly PayloadPair _shared;
    private readonly Dictionary<string, PayloadPair> _pools;

    private Payload(string @namespace, PayloadPair shared, Dictionary<string, PayloadPair> pools)
    {
        _namespace = @namespace;
        _shared = shared;
        _pools = pools;
    }

    public static async Task<Payload> ReadAsync(Shoot sample)
    {
        var managedResources = await sample.ManagedResourcesAsync();
        var secrets = await sample.SecretsAsync();
        return new Payload(
            sample.Namespace,
            PairOf(SharedName),
            Workload.Pools.ToDictionary(pool => pool, pool => PairOf($"{SharedName}-installation-{pool}"), StringComparer.Ordinal));

        PayloadPair PairOf(string name)
        {
            var managedResource = managedResources[name];
            var secret = secrets[(string)managedResource["spec"]!["secretRefs"]![0]!["name"]!];
            return new PayloadPair(AsWritten(secret), AsWritten(managedResource));
        }
    }

    public static Payload Parse(string json)
    {
        var value = JsonNode.Parse(json)!;
        return new Payload(
            (string)value["namespace"]!,
            PairOf(value["shared"]!),
            value["pools"]!.AsObject().ToDictionary(pool => pool.Key, pool => PairOf(pool.Value!), StringComparer.Ordinal));

        static PayloadPair PairOf(JsonNode pair) => new((string)pair[0]!, (string)pair[1]!);
    }

    public string ToJson()
    {
        return new JsonObject
        {
            ["namespace"] = _namespace,
            ["shared"] = PairOf(_shared),
            ["pools"] = new JsonObject(_pools.Select(pool => KeyValuePair.Create(pool.Key, (JsonNode?)PairOf(pool.Value)))),
        }.ToJsonString();

        static JsonArray PairOf(PayloadPair pair) => [pair.Secret, pair.ManagedResource];
    }

    public PayloadPair Shared(string @namespace) => _shared.In(_namespace, @namespace);

    public PayloadPair Pool(string pool, string @namespace) => _pools[pool].In(_namespace, @namespace);

    /// <summary>The object without what the server and others have added.</summary>
    private static string AsWritten(JsonObject value)
    {
        var written = value.DeepClone().AsObject();
        written.Remove("status");
        var metadata = written["metadata"]!.AsObject();
        foreach (var field in metadata.Select(field => field.Key).Where(field => field is not ("name" or "namespace" or "labels" or "annotations")).ToList())
        {
            metadata.Remove(field);
        }

        return written.ToJsonString();
    }
}
