// SPDX-License-Identifier: Apache-2.0

using k8s.Models;

namespace Kubernetes.Controllers.Client;

/// <summary>Names one object of a resource.</summary>
/// <param name="Namespace">The object's namespace; empty for cluster-scoped objects.</param>
/// <param name="Name">The object's name.</param>
public readonly record struct ObjectKey(string Namespace, string Name)
{
    /// <summary>The key of <paramref name="value"/>, from its metadata.</summary>
    public static ObjectKey Of(IMetadata<V1ObjectMeta> value) => new(value.Metadata.NamespaceProperty ?? "", value.Metadata.Name ?? "");

    /// <summary><c>namespace/name</c>, or <c>name</c> for a cluster-scoped object.</summary>
    public override string ToString() => Namespace.Length == 0 ? Name : $"{Namespace}/{Name}";
}
