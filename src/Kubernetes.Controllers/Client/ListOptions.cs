// SPDX-License-Identifier: Apache-2.0

namespace Kubernetes.Controllers.Client;

/// <summary>Which objects a list returns, and in what portions.</summary>
public sealed record ListOptions
{
    /// <summary>Label selector in Kubernetes' syntax; null selects everything.</summary>
    public string? LabelSelector { get; init; }

    /// <summary>Objects per page; 0 for all of them at once. The default is client-go's.</summary>
    public int PageSize { get; init; } = 500;

    /// <summary>The token of the page to read, from the page before; null for the first.</summary>
    public string? Continue { get; init; }

    /// <summary>
    /// Null for the newest state, <c>0</c> for whatever the server has in its cache, else a version that the answer must not be older than.
    /// </summary>
    public string? ResourceVersion { get; init; }
}
