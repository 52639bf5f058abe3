// SPDX-License-Identifier: Apache-2.0

using System.Collections.Immutable;
using System.Text;
using System.Text.Json.Nodes;
using Gardener.Extensions.Api;
using Kubernetes.Controllers.Client;
using k8s.Models;

namespace RuntimeGVisor.Admission.Certificates;

/// <summary>Certificates that the replicas make themselves and share in a Secret. The first to write wins; the others adopt what it wrote.</summary>
/// <param name="key">The Secret.</param>
/// <param name="names">Host names of the server.</param>
/// <param name="api">The cluster with the Secret.</param>
/// <param name="time">The clock.</param>
internal sealed class SharedSecret(ObjectKey key, ImmutableArray<string> names, IApiClient api, TimeProvider time) : ICertificateSource
{
    /// <inheritdoc/>
    public bool HasAuthority => true;

    /// <inheritdoc/>
    /// <exception cref="ApiException">Another replica has written at the same time, or the API server refuses.</exception>
    public async Task<(ServerCertificate Certificate, string? Bundle)> ReadAsync(Predicate<string> isTrusted, CancellationToken cancellationToken)
    {
        var secret = await api.FindAsync(GardenerResources.Secrets, key, cancellationToken);
        var stored = SharedCertificates.Read(secret?.Data);
        var desired = SharedCertificates.Advance(stored, names, stored is not null && isTrusted(stored.Bundle), time.GetUtcNow());
        if (desired != stored)
        {
            await WriteAsync(secret, desired, cancellationToken);
        }

        return (desired.Current, desired.Bundle);
    }

    private Task WriteAsync(V1Secret? secret, SharedCertificates desired, CancellationToken cancellationToken)
    {
        if (secret is null)
        {
            return api.CreateAsync(GardenerResources.Secrets, New(desired), cancellationToken);
        }

        var data = new JsonObject();
        foreach (var (name, value) in desired.Data())
        {
            data[name] = value is null ? null : Convert.ToBase64String(Encoding.UTF8.GetBytes(value));
        }

        var patch = Patch.Merge(new JsonObject
        {
            ["metadata"] = new JsonObject { ["resourceVersion"] = secret.Metadata.ResourceVersion },
            ["data"] = data,
        });
        return api.PatchAsync(GardenerResources.Secrets, key, patch, null, cancellationToken);
    }

    private V1Secret New(SharedCertificates certificates) => new()
    {
        ApiVersion = "v1",
        Kind = "Secret",
        Metadata = new() { Name = key.Name, NamespaceProperty = key.Namespace },
        Type = "kubernetes.io/tls",
        Data = certificates.Data().Where(entry => entry.Value is not null)
            .ToDictionary(entry => entry.Key, entry => Encoding.UTF8.GetBytes(entry.Value!), StringComparer.Ordinal),
    };
}
