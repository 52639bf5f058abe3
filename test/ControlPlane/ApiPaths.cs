// SPDX-License-Identifier: Apache-2.0

namespace ControlPlane;

/// <summary>URL paths of the resources that the tests touch; without a name, of the whole collection.</summary>
public static class ApiPaths
{
    private const string Rbac = "/apis/rbac.authorization.k8s.io/v1";

    public static string Namespaces(string? name = null) => Path("/api/v1/namespaces", name);

    public static string Clusters(string? name = null) => Path("/apis/extensions.gardener.cloud/v1alpha1/clusters", name);

    public static string ContainerRuntimes(string @namespace, string? name = null) =>
        Path($"/apis/extensions.gardener.cloud/v1alpha1/namespaces/{@namespace}/containerruntimes", name);

    public static string ManagedResources(string @namespace, string? name = null) =>
        Path($"/apis/resources.gardener.cloud/v1alpha1/namespaces/{@namespace}/managedresources", name);

    public static string Secrets(string @namespace, string? name = null) => Path($"/api/v1/namespaces/{@namespace}/secrets", name);

    public static string ConfigMaps(string @namespace, string? name = null) => Path($"/api/v1/namespaces/{@namespace}/configmaps", name);

    public static string DaemonSets(string @namespace, string? name = null) => Path($"/apis/apps/v1/namespaces/{@namespace}/daemonsets", name);

    public static string RuntimeClasses(string? name = null) => Path("/apis/node.k8s.io/v1/runtimeclasses", name);

    public static string Leases(string @namespace, string? name = null) =>
        Path($"/apis/coordination.k8s.io/v1/namespaces/{@namespace}/leases", name);

    public static string ServiceAccounts(string @namespace, string? name = null) => Path($"/api/v1/namespaces/{@namespace}/serviceaccounts", name);

    public static string ClusterRoles(string? name = null) => Path($"{Rbac}/clusterroles", name);

    public static string ClusterRoleBindings(string? name = null) => Path($"{Rbac}/clusterrolebindings", name);

    public static string Roles(string @namespace, string? name = null) => Path($"{Rbac}/namespaces/{@namespace}/roles", name);

    public static string RoleBindings(string @namespace, string? name = null) => Path($"{Rbac}/namespaces/{@namespace}/rolebindings", name);

    public static string Events(string @namespace) => $"/api/v1/namespaces/{@namespace}/events";

    private static string Path(string collection, string? name) => name is null ? collection : $"{collection}/{name}";
}
