// SPDX-License-Identifier: Apache-2.0

using System.Text.Json.Nodes;
using Kubernetes.Controllers.Client;
using Kubernetes.Controllers.Serialization;
using k8s.Models;

namespace Kubernetes.Controllers.LeaderElection;

/// <summary>The Lease resource and the changes that an election makes to it. Fields of others (<c>strategy</c>, labels) are left alone.</summary>
public static class Leases
{
    /// <summary><c>leases.coordination.k8s.io</c>; its times have the six digits that the server asks for.</summary>
    public static ResourceDefinition<V1Lease> Resource { get; } = new(
        "coordination.k8s.io", "v1", "leases", "Lease", Namespaced: true, KubernetesJsonContext.Default.V1Lease);

    internal static V1Lease New(LeaderElectionOptions options, DateTimeOffset now) => new()
    {
        Metadata = new V1ObjectMeta { NamespaceProperty = options.Namespace, Name = options.Name },
        Spec = new V1LeaseSpec
        {
            HolderIdentity = options.Identity,
            LeaseDurationSeconds = (int)options.LeaseDuration.TotalSeconds,
            AcquireTime = now.UtcDateTime,
            RenewTime = now.UtcDateTime,
            LeaseTransitions = 0,
        },
    };

    /// <summary>Takes the Lease, or renews it if it is held already. Fails with a conflict if someone has changed it since it was read.</summary>
    internal static Patch Hold(V1Lease lease, LeaderElectionOptions options, DateTimeOffset now)
    {
        var spec = new JsonObject
        {
            ["holderIdentity"] = options.Identity,
            ["leaseDurationSeconds"] = (int)options.LeaseDuration.TotalSeconds,
            ["renewTime"] = MicroTime.ToText(now),
        };
        if (lease.Spec?.HolderIdentity != options.Identity)
        {
            spec["acquireTime"] = MicroTime.ToText(now);
            spec["leaseTransitions"] = (lease.Spec?.LeaseTransitions ?? 0) + 1;
        }

        return At(lease, spec);
    }

    /// <summary>Gives the Lease back, so that the next process need not wait for its end.</summary>
    internal static Patch Release(V1Lease lease, DateTimeOffset now) => At(lease, new JsonObject
    {
        ["holderIdentity"] = null,
        ["leaseDurationSeconds"] = 1,
        ["acquireTime"] = MicroTime.ToText(now),
        ["renewTime"] = MicroTime.ToText(now),
    });

    private static Patch At(V1Lease lease, JsonObject spec) => Patch.Merge(new JsonObject
    {
        ["metadata"] = new JsonObject { ["resourceVersion"] = lease.Metadata.ResourceVersion },
        ["spec"] = spec,
    });
}
