// SPDX-License-Identifier: Apache-2.0

using System.Collections.Immutable;
using System.Text.Json;
using Gardener.Extensions.ManagedResources;
using RuntimeGVisor.NodeConfiguration;
using k8s;
using k8s.Models;

namespace RuntimeGVisor.Shoot;

/// <summary>
/// The objects that a shoot gets for gVisor. Pure functions: equal input gives equal bytes, so that nothing rolls on a node unless something
/// changed.
/// </summary>
public sealed class ShootObjects
{
    private ShootObjects(params ImmutableArray<IKubernetesObject<V1ObjectMeta>> objects) => Objects = objects;

    /// <summary>The objects in the order in which they are written.</summary>
    public ImmutableArray<IKubernetesObject<V1ObjectMeta>> Objects { get; }

    /// <summary>What all pools of a shoot share: RuntimeClass and ServiceAccount. (Gardener contract 5.2.)</summary>
    public static ShootObjects Shared() => new(
        new V1RuntimeClass
        {
            ApiVersion = $"{V1RuntimeClass.KubeGroup}/{V1RuntimeClass.KubeApiVersion}",
            Kind = V1RuntimeClass.KubeKind,
            Metadata = new() { Name = ShootObjectNames.RuntimeClass },
            Handler = ShootObjectNames.Handler,
            Scheduling = new()
            {
                NodeSelector = new Dictionary<string, string>(StringComparer.Ordinal)
                {
                    ["containerruntime.worker.gardener.cloud/gvisor"] = "true",
                },
            },
        },
        new V1ServiceAccount
        {
            ApiVersion = V1ServiceAccount.KubeApiVersion,
            Kind = V1ServiceAccount.KubeKind,
            Metadata = new() { Name = ShootObjectNames.ServiceAccount, NamespaceProperty = ShootObjectNames.Namespace },
            AutomountServiceAccountToken = false,
        });

    /// <summary>What one worker pool gets: the installer's configuration and the DaemonSet that runs it.</summary>
    /// <param name="pool">What the objects depend on.</param>
    /// <exception cref="ContainerRuntimeSpecException">The name, the path or the selector cannot be used.</exception>
    public static ShootObjects ForWorkerPool(WorkerPoolInput pool)
    {
        var configuration = new NodeInstallerConfiguration
        {
            DesiredState = pool.DesiredState,
            WorkerPool = pool.PoolName ?? "",
            BinaryDirectory = pool.BinaryPath ?? "",
            Handler = ShootObjectNames.Handler,
            RunscFlags = pool.DesiredState == DesiredState.Installed ? pool.RunscFlags : [],
        };
        ConfigurationError[] errors =
        [
            .. NodeInstallerConfigurationRules.Check(configuration).Select(error => error with { Field = FieldOfContainerRuntime(error.Field) }),
            .. NodeSelection.Check(pool.Selector, "spec.workerPool.selector"),
        ];
        if (errors.Length > 0)
        {
            throw new ContainerRuntimeSpecException(errors);
        }

        var configMap = NodeInstallerConfigMap.For(configuration);
        return new(configMap, NodeInstallerDaemonSet.For(pool, configuration, configMap));
    }

    /// <summary>The objects as one stream of YAML documents, for the key <c>config.yaml</c> of a ManagedResource's secret.</summary>
    public string ToYaml() => ManifestYaml.Write(Objects.Select(ToJson));

    private static JsonElement ToJson(IKubernetesObject<V1ObjectMeta> item) =>
        JsonSerializer.SerializeToElement(item, ShootObjectsJson.Default.GetTypeInfo(item.GetType())!);

    private static string FieldOfContainerRuntime(string field) => field switch
    {
        "workerPool" => "spec.workerPool.name",
        "binaryDirectory" => "spec.binaryPath",
        _ => $"spec.providerConfig: {field}",
    };
}
