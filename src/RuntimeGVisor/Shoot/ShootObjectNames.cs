// SPDX-License-Identifier: Apache-2.0

namespace RuntimeGVisor.Shoot;

/// <summary>Names that the objects in the shoot share. Gardener contract 5.3: kept so that a takeover replaces in place.</summary>
internal static class ShootObjectNames
{
    public const string Namespace = "kube-system";
    public const string RuntimeClass = "gvisor";
    public const string Handler = "runsc";
    public const string ServiceAccount = "gvisor";
    public const string Application = "containerd-gvisor";
    public const string NameLabel = "app.kubernetes.io/name";
    public const string PoolLabel = "worker.gardener.cloud/pool";

    public static string Installer(string pool) => $"{Application}-{pool}";
}
