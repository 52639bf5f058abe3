// SPDX-License-Identifier: Apache-2.0

using System.Text;
using Gardener.Extensions.Api;
using Gardener.Extensions.ManagedResources;
using RuntimeGVisor.NodeConfiguration;
using k8s.Models;

namespace RuntimeGVisor.Shoot;

/// <summary>
/// The ConfigMap with the installer's configuration. It is immutable and named after its content, so that no pod of an older roll-out sees a
/// newer configuration; the shoot's resource manager deletes the ones that nothing refers to any more.
/// </summary>
internal static class NodeInstallerConfigMap
{
    public static V1ConfigMap For(NodeInstallerConfiguration configuration)
    {
        var file = NodeInstallerConfigurationFile.Write(configuration);
        var content = KeyValuePair.Create(NodeInstallerConfiguration.FileName, (ReadOnlyMemory<byte>)Encoding.UTF8.GetBytes(file));
        return new()
        {
            ApiVersion = V1ConfigMap.KubeApiVersion,
            Kind = V1ConfigMap.KubeKind,
            Metadata = new()
            {
                Name = ContentHash.UniqueName(ShootObjectNames.Installer(configuration.WorkerPool), [content]),
                NamespaceProperty = ShootObjectNames.Namespace,
                Labels = new Dictionary<string, string>(StringComparer.Ordinal)
                {
                    [ShootObjectNames.NameLabel] = ShootObjectNames.Application,
                    [GardenerLabels.GarbageCollectable] = "true",
                },
            },
            Immutable = true,
            Data = new Dictionary<string, string>(StringComparer.Ordinal) { [NodeInstallerConfiguration.FileName] = file },
        };
    }
}
