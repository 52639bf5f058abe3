// SPDX-License-Identifier: Apache-2.0

using System.Globalization;
using System.Text.Json.Nodes;

namespace ControlPlane;

/// <summary>
/// A shoot's namespace in the seed, driven as gardenlet drives it (Gardener contract 2.1): the same writes, the same checks of whether an
/// extension has done its work.
/// </summary>
public sealed class Shoot
{
    private const string Operation = "gardener.cloud/operation";
    private const string Timestamp = "gardener.cloud/timestamp";

    private readonly ApiServer _api;

    private Shoot(ApiServer api, string @namespace)
    {
        _api = api;
        Namespace = @namespace;
    }

    public string Namespace { get; }

    /// <summary>Creates the namespace and, if wanted, its Cluster.</summary>
    /// <param name="api">The seed.</param>
    /// <param name="cluster">The Cluster's spec; null for one of a shoot that is being reconciled.</param>
    /// <param name="withCluster">Whether there is a Cluster at all.</param>
    /// <param name="name">The shoot's name; any without one.</param>
    public static async Task<Shoot> CreateAsync(ApiServer api, JsonObject? cluster = null, bool withCluster = true, string? name = null)
    {
        var shoot = new Shoot(api, $"shoot--test--{name ?? Guid.NewGuid().ToString("N")[..12]}");
        await api.CreateAsync(
            ApiPaths.Namespaces(),
            new JsonObject
            {
                ["metadata"] = new JsonObject { ["name"] = shoot.Namespace, ["labels"] = new JsonObject { ["gardener.cloud/role"] = "shoot" } },
            });
        if (withCluster)
        {
            await shoot.CreateClusterAsync(cluster ?? ClusterSpec());
        }

        return shoot;
    }

    /// <summary>A Cluster's spec.</summary>
    /// <param name="state">State of the shoot's last operation.</param>
    /// <param name="forceDeletion">Whether the shoot is to be deleted by force.</param>
    /// <param name="hibernated">Whether the shoot is hibernated.</param>
    /// <param name="profileBytes">Size of the cloud profile.</param>
    public static JsonObject ClusterSpec(string state = "Processing", bool forceDeletion = false, bool hibernated = false, int profileBytes = 0) => new()
    {
        ["cloudProfile"] = new JsonObject
        {
            ["apiVersion"] = "core.gardener.cloud/v1beta1",
            ["kind"] = "CloudProfile",
            ["spec"] = new JsonObject { ["machineTypes"] = MachineTypes(profileBytes) },
        },
        ["seed"] = new JsonObject { ["apiVersion"] = "core.gardener.cloud/v1beta1", ["kind"] = "Seed" },
        ["shoot"] = new JsonObject
        {
            ["apiVersion"] = "core.gardener.cloud/v1beta1",
            ["kind"] = "Shoot",
            ["metadata"] = new JsonObject
            {
                ["name"] = "test",
                ["namespace"] = "garden-test",
                ["annotations"] = forceDeletion ? new JsonObject { ["confirmation.gardener.cloud/force-deletion"] = "true" } : [],
            },
            ["spec"] = new JsonObject
            {
                ["kubernetes"] = new JsonObject { ["version"] = "1.34.1" },
                ["hibernation"] = new JsonObject { ["enabled"] = hibernated },
            },
            ["status"] = new JsonObject { ["lastOperation"] = new JsonObject { ["type"] = "Reconcile", ["state"] = state } },
        },
    };

    /// <summary>A ContainerRuntime's spec.</summary>
    public static JsonObject ContainerRuntimeSpec(string pool, JsonObject? providerConfig = null) => new()
    {
        ["type"] = "gvisor",
        ["binaryPath"] = "/var/bin/containerruntimes",
        ["workerPool"] = new JsonObject
        {
            ["name"] = pool,
            ["selector"] = new JsonObject
            {
                ["matchLabels"] = new JsonObject
                {
                    ["worker.gardener.cloud/pool"] = pool,
                    ["worker.garden.sapcloud.io/group"] = pool,
                },
            },
        },
        ["providerConfig"] = providerConfig,
    };

    /// <summary>A providerConfig with these runsc flags.</summary>
    public static JsonObject ProviderConfig(params IEnumerable<(string Name, string Value)> flags) => new()
    {
        ["apiVersion"] = "gvisor.runtime.extensions.config.gardener.cloud/v1alpha1",
        ["kind"] = "GVisorConfiguration",
        ["configFlags"] = new JsonObject(flags.Select(flag => KeyValuePair.Create(flag.Name, (JsonNode?)flag.Value))),
    };

    public static string NameOf(string pool) => $"gvisor-{pool}";

    public Task CreateClusterAsync(JsonObject spec) => _api.CreateAsync(
        ApiPaths.Clusters(),
        new JsonObject
        {
            ["apiVersion"] = "extensions.gardener.cloud/v1alpha1",
            ["kind"] = "Cluster",
            ["metadata"] = new JsonObject { ["name"] = Namespace },
            ["spec"] = spec.DeepClone(),
        });

    public Task UpdateClusterAsync(JsonObject spec) => _api.PatchAsync(ApiPaths.Clusters(Namespace), new JsonObject { ["spec"] = spec.DeepClone() });

    /// <summary>Creates or changes the ContainerRuntime of a pool: operation, timestamp and spec in one write.</summary>
    public async Task DeployAsync(string pool, JsonObject? providerConfig = null, string operation = "reconcile", JsonObject? spec = null)
    {
        var value = new JsonObject
        {
            ["apiVersion"] = "extensions.gardener.cloud/v1alpha1",
            ["kind"] = "ContainerRuntime",
            ["metadata"] = new JsonObject { ["name"] = NameOf(pool), ["namespace"] = Namespace, ["annotations"] = Annotations(operation) },
            ["spec"] = spec ?? ContainerRuntimeSpec(pool, providerConfig),
        };
        if (await FindAsync(pool) is not { } existing)
        {
            await _api.CreateAsync(ApiPaths.ContainerRuntimes(Namespace), value);
        }
        else
        {
            RemoveMissing(existing["spec"]!.AsObject(), value["spec"]!.AsObject());
            await _api.PatchAsync(PathOf(pool), value);
        }
    }

    /// <summary>Asks for an operation without changing the spec: <c>migrate</c>, <c>restore</c>, <c>reconcile</c>.</summary>
    public Task AnnotateAsync(string pool, string operation) => _api.PatchAsync(
        PathOf(pool), new JsonObject { ["metadata"] = new JsonObject { ["annotations"] = Annotations(operation) } });

    /// <summary>Confirms the deletion and deletes.</summary>
    public async Task DeleteAsync(string pool)
    {
        await _api.PatchAsync(
            PathOf(pool),
            new JsonObject
            {
                ["metadata"] = new JsonObject
                {
                    ["annotations"] = new JsonObject { ["confirmation.gardener.cloud/deletion"] = "true", [Timestamp] = Now() },
                },
            });
        await _api.DeleteAsync(PathOf(pool));
    }

    public Task<JsonObject?> FindAsync(string pool) => _api.FindAsync(PathOf(pool));

    public async Task<JsonObject> GetAsync(string pool) =>
        await FindAsync(pool) ?? throw new InvalidOperationException($"{Namespace}/{NameOf(pool)} is gone");

    /// <summary>The ManagedResources by name.</summary>
    public async Task<IReadOnlyDictionary<string, JsonObject>> ManagedResourcesAsync() =>
        (await _api.ListAsync(ApiPaths.ManagedResources(Namespace))).ToDictionary(value => (string)value["metadata"]!["name"]!, StringComparer.Ordinal);

    /// <summary>The secrets by name.</summary>
    public async Task<IReadOnlyDictionary<string, JsonObject>> SecretsAsync() =>
        (await _api.ListAsync(ApiPaths.Secrets(Namespace))).ToDictionary(value => (string)value["metadata"]!["name"]!, StringComparer.Ordinal);

    /// <summary>Waits until gardenlet would take the last deployment for done.</summary>
    public Task<JsonObject> WaitUntilReadyAsync(string pool, TimeSpan? timeout = null) =>
        Eventually.GetAsync($"{Namespace}/{NameOf(pool)} ready", () => GetAsync(pool), IsReady, timeout);

    /// <summary>Waits until the resource manager has taken all ManagedResources over, so that its finalizer holds them.</summary>
    public Task<IReadOnlyDictionary<string, JsonObject>> WaitUntilAppliedAsync() => Eventually.GetAsync(
        $"{Namespace}: ManagedResources applied and checked",
        ManagedResourcesAsync,
        resources => resources.Values.All(resource => IsApplied(resource) && IsChecked(resource)));

    /// <summary>How long the shoot's resource manager takes for a deletion from now on; "down" if it does not run.</summary>
    public async Task SetResourceManagerDelayAsync(string? delay)
    {
        foreach (var name in (await ManagedResourcesAsync()).Keys)
        {
            await _api.PatchAsync(
                ApiPaths.ManagedResources(Namespace, name),
                new JsonObject { ["metadata"] = new JsonObject { ["annotations"] = new JsonObject { ["test.gvisor/delay"] = delay } } });
        }
    }

    /// <summary>Waits for a last operation.</summary>
    public Task<JsonObject> WaitForAsync(string pool, string type, string state, TimeSpan? timeout = null) =>
        Eventually.GetAsync(
            $"{Namespace}/{NameOf(pool)}: {type} {state}",
            () => GetAsync(pool),
            value => value["status"]?["lastOperation"] is { } operation && (string?)operation["type"] == type && (string?)operation["state"] == state,
            timeout);

    /// <summary>The condition on the health of the objects in the shoot, or null.</summary>
    public static JsonObject? HealthConditionOf(JsonObject value) =>
        value["status"]?["conditions"]?.AsArray().FirstOrDefault(condition => (string?)condition!["type"] == "SystemComponentsHealthy")?.AsObject();

    /// <summary>Waits until the health condition has a status; null waits until there is no condition.</summary>
    public Task<JsonObject> WaitForHealthAsync(string pool, string? status, TimeSpan? timeout = null) =>
        Eventually.GetAsync(
            $"{Namespace}/{NameOf(pool)}: SystemComponentsHealthy {status ?? "absent"}",
            () => GetAsync(pool),
            value => (string?)HealthConditionOf(value)?["status"] == status,
            timeout);

    /// <summary>The events of a pool's ContainerRuntime with a reason.</summary>
    public async Task<IReadOnlyList<JsonObject>> EventsAsync(string pool, string reason) =>
        [.. (await _api.ListAsync(ApiPaths.Events(Namespace))).Where(value =>
            (string?)value["involvedObject"]!["name"] == NameOf(pool) && (string?)value["reason"] == reason)];

    /// <summary>Waits for the only event of a reason.</summary>
    public async Task<JsonObject> WaitForEventAsync(string pool, string reason, Predicate<JsonObject>? wanted = null) =>
        (await Eventually.GetAsync(
            $"{Namespace}/{NameOf(pool)}: event {reason}",
            () => EventsAsync(pool, reason),
            events => events is [var only] && wanted?.Invoke(only) != false))[0];

    /// <summary>Writes conditions as the shoot's resource manager does.</summary>
    public Task ReportAsync(string managedResource, string healthy, string message) => ReportAsync(managedResource, conditions: [
        new JsonObject { ["type"] = "ResourcesApplied", ["status"] = "True", ["reason"] = "ApplySucceeded", ["message"] = "All resources are applied." },
        new JsonObject { ["type"] = "ResourcesHealthy", ["status"] = healthy, ["reason"] = healthy == "True" ? "ResourcesHealthy" : "DaemonSetMissing", ["message"] = message },
        new JsonObject { ["type"] = "ResourcesProgressing", ["status"] = "False", ["reason"] = "ResourcesRolledOut", ["message"] = "Rolled out." }]);

    public Task WaitUntilGoneAsync(string pool, TimeSpan? timeout = null) =>
        Eventually.GetAsync($"{Namespace}/{NameOf(pool)} gone", () => FindAsync(pool), value => value is null, timeout);

    /// <summary>Gardenlet's six conditions, in its order (Gardener contract 2.1; the first holds because every read is live).</summary>
    public static bool IsReady(JsonObject value)
    {
        var status = value["status"];
        var annotations = value["metadata"]!["annotations"];
        return status?["lastError"] is null
            && (long?)status?["observedGeneration"] == (long?)value["metadata"]!["generation"]
            && annotations?[Operation] is null
            && (string?)status?["lastOperation"]?["state"] == "Succeeded"
            && (annotations?[Timestamp] is not { } timestamp
                || Truncate(ParseTime(timestamp)) <= ParseTime(status["lastOperation"]!["lastUpdateTime"]!));
    }

    /// <summary>The resource manager has applied the ManagedResource as it is now (Gardener contract 4.6).</summary>
    public static bool IsApplied(JsonObject managedResource) =>
        (long?)managedResource["status"]?["observedGeneration"] == (long?)managedResource["metadata"]!["generation"]
        && managedResource["status"]!["conditions"]!.AsArray().Any(condition =>
            (string?)condition!["type"] == "ResourcesApplied" && (string?)condition["status"] == "True");

    /// <summary>The two controllers that judge the objects in the shoot have done so (Gardener contract 4.7).</summary>
    private static bool IsChecked(JsonObject managedResource) => ((string[])["ResourcesHealthy", "ResourcesProgressing"]).All(type =>
        managedResource["status"]!["conditions"]!.AsArray().Any(condition =>
            (string?)condition!["type"] == type && (string?)condition["status"] is "True" or "False"));

    /// <summary>Makes a merge patch remove what is no longer wanted.</summary>
    private static void RemoveMissing(JsonObject existing, JsonObject wanted)
    {
        foreach (var (name, value) in existing)
        {
            if (value is JsonObject inner && wanted[name] is JsonObject wantedInner)
            {
                RemoveMissing(inner, wantedInner);
            }
            else if (!wanted.ContainsKey(name))
            {
                wanted[name] = null;
            }
        }
    }

    private Task ReportAsync(string managedResource, JsonObject[] conditions)
    {
        foreach (var condition in conditions)
        {
            condition["lastTransitionTime"] = Now();
            condition["lastUpdateTime"] = Now();
        }

        return _api.PatchAsync(
            $"{ApiPaths.ManagedResources(Namespace, managedResource)}/status",
            new JsonObject { ["status"] = new JsonObject { ["conditions"] = new JsonArray([.. conditions]) } });
    }

    private static JsonArray MachineTypes(int bytes) =>
        [.. Enumerable.Range(0, bytes / 100).Select(JsonNode? (number) => new JsonObject
        {
            ["name"] = $"machine-type-{number:D6}", ["cpu"] = "8", ["memory"] = "64Gi", ["gpu"] = "0", ["architecture"] = "amd64", ["usable"] = true,
        })];

    private static JsonObject Annotations(string operation) => new() { [Operation] = operation, [Timestamp] = Now() };

    private static string Now() => TimeProvider.System.GetUtcNow().ToString("yyyy-MM-dd'T'HH:mm:ss'.'fffffff'00Z'", CultureInfo.InvariantCulture);

    private static DateTimeOffset ParseTime(JsonNode value) => DateTimeOffset.Parse((string)value!, CultureInfo.InvariantCulture);

    private static DateTimeOffset Truncate(DateTimeOffset value) => value.AddTicks(-(value.Ticks % TimeSpan.TicksPerSecond));

    private string PathOf(string pool) => ApiPaths.ContainerRuntimes(Namespace, NameOf(pool));
}
