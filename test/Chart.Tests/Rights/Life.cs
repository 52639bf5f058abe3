// SPDX-License-Identifier: Apache-2.0

using System.Text.Json.Nodes;
using ControlPlane;

namespace Chart.Tests.Rights;

/// <summary>The life of a ContainerRuntime that takes the controller through everything it ever asks of the API server.</summary>
/// <param name="api">The seed.</param>
/// <param name="extension">The extension's namespace and class.</param>
/// <param name="hasLogged">Whether the controller has logged a text.</param>
/// <param name="isOver">Asked all the time: the controller has shown what it had to show.</param>
internal sealed class Life(ApiServer api, string extension, Func<string, bool> hasLogged, Func<bool> isOver)
{
    private const string Pool = "pool";
    private const string Shared = "extension-runtime-gvisor";

    /// <summary>When a Lease was renewed when it was first seen.</summary>
    private readonly Dictionary<string, string> _renewals = new(StringComparer.Ordinal);

    /// <exception cref="LifeEndedException">It was over early.</exception>
    public async Task LiveAsync()
    {
        var shoot = await Shoot.CreateAsync(api);

        // It is not the controller's by its label, so the controller learns of it only when it wants to create it.
        await api.CreateAsync(
            ApiPaths.ManagedResources(shoot.Namespace),
            new JsonObject
            {
                ["apiVersion"] = "resources.gardener.cloud/v1alpha1",
                ["kind"] = "ManagedResource",
                ["metadata"] = new JsonObject { ["name"] = Shared },
                ["spec"] = new JsonObject { ["secretRefs"] = new JsonArray() },
            });

        // The third is the first again: its secret is still there, and so is the event that tells of the ignored flag.
        await DeployAsync(shoot, ("debug", "true"), ("no-such-flag", "true"));
        await DeployAsync(shoot, ("net-raw", "true"), ("nor-such-a-flag", "true"));
        await DeployAsync(shoot, ("debug", "true"), ("no-such-flag", "true"));

        // Somebody else writes all the time, until a write has conflicted and the object had to be read again.
        await UntilAsync("a write conflicts", async () =>
        {
            for (var i = 0; i < 20; i++)
            {
                await shoot.AnnotateAsync(Pool, "reconcile");
            }

            return hasLogged("Conflict on");
        });
        await UntilReadyAsync(shoot);
        await UntilAsync("the Leases are renewed", async () => await IsRenewedAsync("runtime-gvisor-leader-election") && await IsRenewedAsync("gardener-extension-heartbeat"));

        await shoot.AnnotateAsync(Pool, "migrate");
        await UntilAsync("migrated", async () => await IsAsync(shoot, "Migrate") && (await shoot.ManagedResourcesAsync()).Count == 0);
        await shoot.AnnotateAsync(Pool, "restore");
        await UntilReadyAsync(shoot);

        // Without a Cluster it has to ask whether the whole namespace is going.
        await api.DeleteAsync(ApiPaths.Clusters(shoot.Namespace));
        await shoot.DeleteAsync(Pool);
        await UntilAsync("deleted", async () => await shoot.FindAsync(Pool) is null);
    }

    private async Task DeployAsync(Shoot shoot, params (string Name, string Value)[] flags)
    {
        var spec = Shoot.ContainerRuntimeSpec(Pool, Shoot.ProviderConfig(flags));
        spec["class"] = extension;
        await shoot.DeployAsync(Pool, spec: spec);
        await UntilReadyAsync(shoot);
    }

    private Task UntilReadyAsync(Shoot shoot) => UntilAsync("ready", async () => Shoot.IsReady(await shoot.GetAsync(Pool)));

    private static async Task<bool> IsAsync(Shoot shoot, string operation)
    {
        var last = (await shoot.GetAsync(Pool))["status"]?["lastOperation"];
        return (string?)last?["type"] == operation && (string?)last?["state"] == "Succeeded";
    }

    private async Task<bool> IsRenewedAsync(string lease)
    {
        if (await api.FindAsync(ApiPaths.Leases(extension, lease)) is not { } value)
        {
            return false;
        }

        var time = (string)value["spec"]!["renewTime"]!;
        return !_renewals.TryAdd(lease, time) && _renewals[lease] != time;
    }

    private Task UntilAsync(string what, Func<Task<bool>> isTrue) =>
        Eventually.TrueAsync(what, () => isOver() ? throw new LifeEndedException() : isTrue());
}

/// <summary>The life of a ContainerRuntime was over early.</summary>
internal sealed class LifeEndedException : Exception;
