// SPDX-License-Identifier: Apache-2.0

using System.Collections.Immutable;
using Gardener.Extensions.Api;
using Kubernetes.Controllers.Client;
using RuntimeGVisor.Controller.ContainerRuntimes;

namespace RuntimeGVisor.Controller.Diff;

/// <summary>What a shoot has now, by the ManagedResources in its seed; nothing is written.</summary>
internal static class LiveObjects
{
    /// <summary>The objects of a worker pool and those that all pools share; none where there is no ManagedResource.</summary>
    public static async Task<ImmutableSortedDictionary<string, ShootObject>> ReadAsync(
        IApiClient api, ContainerRuntime value, CancellationToken cancellationToken)
    {
        var files = new List<ReadOnlyMemory<byte>>();
        foreach (var key in ManagedResourceNames.All(value))
        {
            var managedResource = await api.FindAsync(GardenerResources.ManagedResources, key, cancellationToken);
            foreach (var reference in managedResource?.Spec.SecretRefs ?? [])
            {
                var secret = await api.FindAsync(GardenerResources.Secrets, key with { Name = reference.Name }, cancellationToken);
                files.AddRange(secret?.Data?.Values.Select(data => new ReadOnlyMemory<byte>(data)) ?? []);
            }
        }

        return ShootObject.Read(files);
    }
}
