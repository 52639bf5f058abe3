// SPDX-License-Identifier: Apache-2.0

namespace Kubernetes.Controllers.Caching;

/// <summary>What an informer caches and how it keeps up.</summary>
public sealed record InformerOptions
{
    /// <summary>Objects per page of a list.</summary>
    public int PageSize { get; init; } = 500;

    /// <summary>How often every cached object is reported again; up to a tenth longer, at random. Zero turns it off.</summary>
    public TimeSpan ResyncPeriod { get; init; } = TimeSpan.FromHours(10);

    /// <summary>Label selector in Kubernetes' syntax; null selects everything.</summary>
    public string? LabelSelector { get; init; }

    /// <summary>The namespace to cache; null for all.</summary>
    public string? Namespace { get; init; }

    /// <summary>
    /// A watch from which nothing has come for so long is abandoned and started again where it was. Servers send bookmarks about once a minute.
    /// </summary>
    public TimeSpan ReadIdleTimeout { get; init; } = TimeSpan.FromMinutes(3);
}
