// SPDX-License-Identifier: Apache-2.0

using k8s;
using k8s.Models;

namespace Gardener.Extensions.Api;

/// <summary>What every object of the group <c>extensions.gardener.cloud</c> has in common, whatever its kind.</summary>
public interface IExtensionObject : IKubernetesObject<V1ObjectMeta>
{
    /// <summary>Names the extension that is responsible, for example <c>gvisor</c>.</summary>
    string? ExtensionType { get; }

    /// <summary><c>garden</c>, <c>seed</c> or <c>shoot</c>; absent means <c>shoot</c>.</summary>
    string? ExtensionClass { get; }

    /// <summary>What the extension reported last; absent on a new object.</summary>
    ExtensionStatus? ExtensionStatus { get; }
}
