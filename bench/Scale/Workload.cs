// SPDX-License-Identifier: Apache-2.0

using System.Globalization;
using System.Text.Json.Nodes;
using ControlPlane;
using Kubernetes.Controllers.Client;

namespace Scale;

/// <summary>A ContainerRuntime that asks to be reconciled, as its writer got it back from the server.</summary>
internal sealed record Request(ObjectKey Key, string Pool, string ResourceVersion);

/// <summary>What gardenlets do to a seed with many shoots: the same writes, as fast as the server takes them.</summary>
internal sealed class Workload(ApiServer api)
{
    public const int JudgedNamespaces = 200;

    /// <summary>So many that a tenth of them are whole shoots.</summary>
    public const int SmallestNumberOfNamespaces = 10;

    private const int Connections = 16;
    private const int ClusterBytes = 100_000;

    /// <summary>The pools of every shoot.</summary>
    public static IReadOnlyList<string> Pools { get; } = ["pool-a", "pool-b"];

    public static IEnumerable<ObjectKey> KeysOf(IEnumerable<Shoot> shoots) =>
        shoots.SelectMany(shoot => Pools.Select(pool => new ObjectKey(shoot.Namespace, Shoot.NameOf(pool))));

    /// <summary>Namespaces with, if wanted, a Cluster of 100 KB each.</summary>
    public async Task<IReadOnlyList<Shoot>> CreateShootsAsync(int count, bool withCluster, CancellationToken cancellationToken)
    {
        var shoots = new Shoot[count];
        await ForEachAsync(Enumerable.Range(0, count), async number => shoots[number] = await CreateShootAsync(api, withCluster), cancellationToken);
        return shoots;
    }

    /// <summary>Creates all ContainerRuntimes at once, with the annotation that asks for their reconciliation.</summary>
    public Task CreateContainerRuntimesAsync(IEnumerable<Shoot> shoots, Action<Request> created, CancellationToken cancellationToken) =>
        ForEachAsync(
            OfEachPool(shoots),
            async item => created(RequestOf(item.Pool, await api.CreateAsync(
                ApiPaths.ContainerRuntimes(item.Shoot.Namespace),
                new JsonObject
                {
                    ["apiVersion"] = "extensions.gardener.cloud/v1alpha1",
                    ["kind"] = "ContainerRuntime",
                    ["metadata"] = new JsonObject { ["name"] = Shoot.NameOf(item.Pool), ["annotations"] = AskToReconcile() },
                    ["spec"] = Shoot.ContainerRuntimeSpec(item.Pool),
                }))),
            cancellationToken);

    /// <summary>Asks for the reconciliation of all ContainerRuntimes although nothing has changed.</summary>
    public Task AnnotateAsync(IEnumerable<Shoot> shoots, Action<Request> annotated, CancellationToken cancellationToken) =>
        ForEachAsync(
            OfEachPool(shoots),
            async item => annotated(RequestOf(item.Pool, await api.PatchAsync(
                ApiPaths.ContainerRuntimes(item.Shoot.Namespace, Shoot.NameOf(item.Pool)),
                new JsonObject { ["metadata"] = new JsonObject { ["annotations"] = AskToReconcile() } }))),
            cancellationToken);

    /// <summary>Asks for the reconciliation of one ContainerRuntime although nothing has changed.</summary>
    public Task AnnotateAsync(ObjectKey key) => api.PatchAsync(
        ApiPaths.ContainerRuntimes(key.Namespace, key.Name), new JsonObject { ["metadata"] = new JsonObject { ["annotations"] = AskToReconcile() } });

    /// <summary>Changes a label of a ContainerRuntime, about a hundred times a second until it is cancelled.</summary>
    public async Task LabelAsync(ObjectKey key, CancellationToken cancellationToken)
    {
        for (var number = 0; !cancellationToken.IsCancellationRequested; number++)
        {
            var next = Task.Delay(TimeSpan.FromMilliseconds(10), TimeProvider.System, CancellationToken.None);
            await api.PatchAsync(
                ApiPaths.ContainerRuntimes(key.Namespace, key.Name),
                new JsonObject { ["metadata"] = new JsonObject { ["labels"] = new JsonObject { ["number"] = $"{number}" } } });
            await next;
        }
    }

    /// <summary>Writes the Clusters as gardenlet does after each operation of a shoot.</summary>
    public Task TouchAsync(IEnumerable<Shoot> shoots, CancellationToken cancellationToken) =>
        ForEachAsync(
            shoots,
            shoot => shoot.UpdateClusterAsync(new JsonObject
            {
                ["shoot"] = new JsonObject { ["status"] = new JsonObject { ["lastOperation"] = new JsonObject { ["lastUpdateTime"] = Now() } } },
            }),
            cancellationToken);

    /// <summary>Writes into the Clusters that the shoots themselves are being deleted.</summary>
    public Task BeginDeletionAsync(IEnumerable<Shoot> shoots, CancellationToken cancellationToken) =>
        ForEachAsync(
            shoots,
            shoot => shoot.UpdateClusterAsync(new JsonObject
            {
                ["shoot"] = new JsonObject { ["metadata"] = new JsonObject { ["deletionTimestamp"] = Now() } },
            }),
            cancellationToken);

    /// <summary>Has all ManagedResources of the shoots wait for their deletion, as without a resource manager, or lets them go.</summary>
    public Task HoldManagedResourcesAsync(IEnumerable<Shoot> shoots, bool isHeld, CancellationToken cancellationToken) =>
        ForEachAsync(
            shoots,
            async shoot =>
            {
                foreach (var name in (await shoot.ManagedResourcesAsync()).Keys)
                {
                    await api.PatchAsync(
                        ApiPaths.ManagedResources(shoot.Namespace, name),
                        new JsonObject { ["metadata"] = new JsonObject { ["finalizers"] = isHeld ? new JsonArray("bench/held") : null } });
                }
            },
            cancellationToken);

    /// <summary>Deletes the ContainerRuntimes with gardenlet's confirmation.</summary>
    public Task DeleteContainerRuntimesAsync(IEnumerable<Shoot> shoots, CancellationToken cancellationToken) =>
        ForEachAsync(OfEachPool(shoots), item => item.Shoot.DeleteAsync(item.Pool), cancellationToken);

    /// <summary>Removes what was written for the shoots, whoever wrote it, without anybody's help.</summary>
    public async Task RemoveAsync(IEnumerable<Shoot> shoots, CancellationToken cancellationToken)
    {
        await ForEachAsync(
            KeysOf(shoots),
            key => api.PatchAsync(
                ApiPaths.ContainerRuntimes(key.Namespace, key.Name), new JsonObject { ["metadata"] = new JsonObject { ["finalizers"] = null } }),
            cancellationToken);
        await ForEachAsync(
            shoots.SelectMany(shoot => (string[])
            [
                ApiPaths.ContainerRuntimes(shoot.Namespace), ApiPaths.ManagedResources(shoot.Namespace), ApiPaths.Secrets(shoot.Namespace),
            ]),
            api.DeleteAsync,
            cancellationToken);
    }

    private static async Task<Shoot> CreateShootAsync(ApiServer api, bool withCluster) =>
        await Shoot.CreateAsync(api, withCluster ? ClusterSpec() : null, withCluster);

    /// <summary>Most of it is cloud profile, as in reality.</summary>
    private static JsonObject ClusterSpec()
    {
        var one = Shoot.ClusterSpec(profileBytes: ClusterBytes);
        return Shoot.ClusterSpec(profileBytes: (int)((long)ClusterBytes * ClusterBytes / one.ToJsonString().Length));
    }

    private static IEnumerable<(Shoot Shoot, string Pool)> OfEachPool(IEnumerable<Shoot> shoots) =>
        shoots.SelectMany(shoot => Pools.Select(pool => (shoot, pool)));

    private static Request RequestOf(string pool, JsonObject value)
    {
        var metadata = value["metadata"]!;
        return new Request(
            new ObjectKey((string)metadata["namespace"]!, (string)metadata["name"]!), pool, (string)metadata["resourceVersion"]!);
    }

    private static JsonObject AskToReconcile() => new() { ["gardener.cloud/operation"] = "reconcile", ["gardener.cloud/timestamp"] = Now() };

    private static string Now() => TimeProvider.System.GetUtcNow().ToString("yyyy-MM-dd'T'HH:mm:ss'.'fffffff'00Z'", CultureInfo.InvariantCulture);

    private static Task ForEachAsync<T>(IEnumerable<T> items, Func<T, Task> action, CancellationToken cancellationToken) =>
        Parallel.ForEachAsync(
            items,
            new ParallelOptions { MaxDegreeOfParallelism = Connections, CancellationToken = cancellationToken },
            async (item, _) => await action(item));
}
