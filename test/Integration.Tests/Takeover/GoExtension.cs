// SPDX-License-Identifier: Apache-2.0

using System.Globalization;
using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using ControlPlane;

namespace Integration.Tests.Takeover;

/// <summary>
/// What the Go extension writes to a shoot's namespace in the seed (Gardener contract 4 and 5). What it
/// brings to the shoot follows from that, by way of the resource manager.
/// </summary>
internal sealed class GoExtension(ApiServer api, Shoot shoot)
{
    public const string Shared = "extension-runtime-gvisor";
    public const string GarbageCollectable = "resources.gardener.cloud/garbage-collectable-reference";
    public const string ReferencePrefix = "reference.resources.gardener.cloud/";

    private const string SharedManifests = """
        ---
        # Source: gvisor/templates/runtimeclass.yaml
        apiVersion: node.k8s.io/v1
        kind: RuntimeClass
        metadata:
          name: gvisor
        handler: runsc
        scheduling:
          nodeSelector:
            containerruntime.worker.gardener.cloud/gvisor: "true"
        ---
        # Source: gvisor/templates/serviceaccount.yaml
        apiVersion: v1
        kind: ServiceAccount
        metadata:
          name: gvisor
          namespace: kube-system
        automountServiceAccountToken: false

        """;

    public static string Installation(string pool) => $"extension-runtime-gvisor-installation-{pool}";

    /// <summary>A reconcile of a pool to its end.</summary>
    public async Task ReconcileAsync(string pool)
    {
        await WriteAsync(Shared, SharedManifests);
        await WriteAsync(Installation(pool), InstallationManifests(pool));
        await SucceedAsync(pool);
    }

    /// <summary>
    /// The same by a release before secrets became immutable: one secret without a hash in its name, which nothing marks for the garbage collector.
    /// </summary>
    public async Task ReconcileAsOldReleaseAsync(string pool)
    {
        await WriteAsync(Shared, SharedManifests);
        var secret = LegacySecretOf(pool);
        await api.CreateAsync(ApiPaths.Secrets(shoot.Namespace), Secret(secret, InstallationManifests(pool)));
        await PutManagedResourceAsync(Installation(pool), secret, annotations: []);
        await SucceedAsync(pool);
    }

    /// <summary>The secret that a very old release may have left beside the one with a hash.</summary>
    public async Task LeaveLegacySecretAsync(string pool) =>
        await api.CreateAsync(ApiPaths.Secrets(shoot.Namespace), Secret(LegacySecretOf(pool), InstallationManifests(pool)));

    public static string LegacySecretOf(string pool) => $"managedresource-{Installation(pool)}";

    /// <summary>The Leases of a leader that has just been stopped; it releases nothing.</summary>
    public async Task LeaveLeasesAsync()
    {
        var now = TimeProvider.System.GetUtcNow();
        await CreateLeaseAsync("runtime-gvisor-leader-election", new JsonObject
        {
            ["holderIdentity"] = "gardener-extension-runtime-gvisor-5f7d8c9b4-x7k2p_0e5a6c1f-3d3b-4f7e-9a51-6a0f6f3c2b11",
            ["leaseDurationSeconds"] = 15,
            ["acquireTime"] = MicroTime(now.AddDays(-3)),
            ["renewTime"] = MicroTime(now),
            ["leaseTransitions"] = 7,
        });
        await CreateLeaseAsync("gardener-extension-heartbeat", new JsonObject
        {
            ["holderIdentity"] = "runtime-gvisor",
            ["leaseDurationSeconds"] = 30,
            ["renewTime"] = MicroTime(now),
        });
    }

    private static string InstallationManifests(string pool) => $"""
        ---
        # Source: gvisor-installation/templates/configmap-containerd.yaml
        apiVersion: v1
        kind: ConfigMap
        metadata:
          name: containerd-gvisor-{pool}
          namespace: kube-system
        data:
          install-gvisor-containerd.sh: |-
            #!/bin/sh
            mkdir -p "/var/host/var/bin/containerruntimes"
            while true; do sleep 3600; done
        ---
        # Source: gvisor-installation/templates/daemonset.yaml
        apiVersion: apps/v1
        kind: DaemonSet
        metadata:
          name: containerd-gvisor-{pool}
          namespace: kube-system
          labels:
            app.kubernetes.io/name: containerd-gvisor
            helm.sh/chart: containerd-gvisor
        spec:
          selector:
            matchLabels:
              app.kubernetes.io/name: containerd-gvisor
          template:
            metadata:
              annotations:
                checksum/configmp-containerd-gvisor: {Sha256(pool)}
              labels:
                app.kubernetes.io/name: containerd-gvisor
                origin: gardener-extension-runtime-gvisor
                gardener.cloud/role: container-runtime
            spec:
              serviceAccountName: gvisor
              automountServiceAccountToken: false
              securityContext:
                seccompProfile:
                  type: RuntimeDefault
              hostPID: true
              hostIPC: true
              nodeSelector:
                worker.gardener.cloud/cri-name: containerd
                worker.gardener.cloud/pool: {pool}
                worker.garden.sapcloud.io/group: {pool}
              tolerations:
              - effect: NoSchedule
                operator: Exists
              - effect: NoExecute
                operator: Exists
              containers:
              - name: container-runtime-gvisor-containerd
                image: registry.example/runtime-gvisor-installation:v0.44.0
                command:
                - /scripts/install-gvisor-containerd.sh
                securityContext:
                  privileged: true
                volumeMounts:
                - name: host-volume
                  mountPath: /var/host
                - name: install-gvisor
                  mountPath: /scripts
              volumes:
              - name: host-volume
                hostPath:
                  path: /
              - name: install-gvisor
                configMap:
                  name: containerd-gvisor-{pool}
                  defaultMode: 484

        """;

    private static JsonObject Secret(string name, string manifests) => new()
    {
        ["metadata"] = new JsonObject { ["name"] = name },
        ["type"] = "Opaque",
        ["data"] = new JsonObject { ["config.yaml"] = Convert.ToBase64String(Encoding.UTF8.GetBytes(manifests)) },
    };

    private static string Sha256(string text) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)));

    private static string MicroTime(DateTimeOffset time) => time.ToString("yyyy-MM-dd'T'HH:mm:ss'.'ffffff'Z'", CultureInfo.InvariantCulture);

    /// <summary>An immutable secret named after its content, and the ManagedResource that refers to it.</summary>
    private async Task WriteAsync(string managedResource, string manifests)
    {
        var secret = $"managedresource-{managedResource}-{Sha256(Sha256(manifests))[..8]}";
        if (await api.FindAsync(ApiPaths.Secrets(shoot.Namespace, secret)) is null)
        {
            var value = Secret(secret, manifests);
            value["metadata"]!["labels"] = new JsonObject { [GarbageCollectable] = "true" };
            value["immutable"] = true;
            await api.CreateAsync(ApiPaths.Secrets(shoot.Namespace), value);
        }

        await PutManagedResourceAsync(managedResource, secret, new JsonObject { [$"{ReferencePrefix}secret-{Sha256(secret)[..8]}"] = secret });
    }

    /// <summary>Writes the whole object, as an update of the Go client does, again when the resource manager was faster.</summary>
    private async Task PutManagedResourceAsync(string name, string secret, JsonObject annotations)
    {
        while (true)
        {
            var existing = await api.FindAsync(ApiPaths.ManagedResources(shoot.Namespace, name));
            var value = ManagedResource(existing, name, secret, annotations);
            var (status, body) = existing is null
                ? await api.TryAsync(HttpMethod.Post, ApiPaths.ManagedResources(shoot.Namespace), value)
                : await api.TryAsync(HttpMethod.Put, ApiPaths.ManagedResources(shoot.Namespace, name), value);
            switch (status)
            {
                case HttpStatusCode.OK or HttpStatusCode.Created:
                    return;
                case HttpStatusCode.Conflict:
                    continue;
                default:
                    throw new InvalidOperationException($"{name}: {body}");
            }
        }
    }

    /// <summary>The object as it is written; what others put on the metadata of an existing one stays.</summary>
    private JsonObject ManagedResource(JsonObject? existing, string name, string secret, JsonObject annotations)
    {
        var value = existing ?? new JsonObject
        {
            ["apiVersion"] = "resources.gardener.cloud/v1alpha1",
            ["kind"] = "ManagedResource",
            ["metadata"] = new JsonObject { ["name"] = name, ["namespace"] = shoot.Namespace },
        };
        var metadata = value["metadata"]!;
        var others = (metadata["annotations"]?.AsObject() ?? []).Where(annotation => !annotation.Key.StartsWith(ReferencePrefix, StringComparison.Ordinal));
        metadata["annotations"] = new JsonObject(others.Concat(annotations).Select(annotation => KeyValuePair.Create(annotation.Key, annotation.Value?.DeepClone())));
        metadata["labels"] = new JsonObject { ["origin"] = "extension-runtime-gvisor" };
        value["spec"] = new JsonObject
        {
            ["secretRefs"] = new JsonArray(new JsonObject { ["name"] = secret }),
            ["injectLabels"] = new JsonObject { ["shoot.gardener.cloud/no-cleanup"] = "true" },
            ["keepObjects"] = false,
        };
        return value;
    }

    /// <summary>Takes the request off, holds the object with the finalizer that both extensions use, and reports success.</summary>
    private async Task SucceedAsync(string pool)
    {
        if (await shoot.FindAsync(pool) is null)
        {
            await shoot.DeployAsync(pool);
        }

        var path = ApiPaths.ContainerRuntimes(shoot.Namespace, Shoot.NameOf(pool));
        await api.PatchAsync(
            path,
            new JsonObject
            {
                ["metadata"] = new JsonObject
                {
                    ["annotations"] = new JsonObject { ["gardener.cloud/operation"] = null },
                    ["finalizers"] = new JsonArray("extensions.gardener.cloud/containerruntime"),
                },
            });
        await api.PatchAsync(
            $"{path}/status",
            new JsonObject
            {
                ["status"] = new JsonObject
                {
                    ["observedGeneration"] = 1,
                    ["lastOperation"] = new JsonObject
                    {
                        ["type"] = "Create",
                        ["state"] = "Succeeded",
                        ["progress"] = 100,
                        ["description"] = "Successfully reconciled ContainerRuntime",
                        ["lastUpdateTime"] = TimeProvider.System.GetUtcNow().ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture),
                    },
                },
            });
    }

    private async Task CreateLeaseAsync(string name, JsonObject spec)
    {
        await api.DeleteAsync(ApiPaths.Leases(LocalControlPlane.ExtensionNamespace, name));
        await api.CreateAsync(
            ApiPaths.Leases(LocalControlPlane.ExtensionNamespace),
            new JsonObject { ["metadata"] = new JsonObject { ["name"] = name }, ["spec"] = spec });
    }
}
