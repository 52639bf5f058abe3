// SPDX-License-Identifier: Apache-2.0

namespace Kubernetes.Controllers.Client;

/// <summary>Which objects a list returns, and in what portions.</summary>
public sealed record ListOptions
{
    /// <summary>Label selector in Kubernetes' syntax; null selects everything.</summary>
    public string? LabelSelector { get; init; }

    /// <summary>Field selector in Kubernetes' syntax; null selects everything.</summary>
    public string? FieldSelector { get; init; }

    /// <summary>Objects per page. The default is client-go's.</summary>
    public int PageSize { get; init; } = 500;

    /// <summary>The token of the page to read, from the page before; null for the first.</summary>
    public string? Continue { get; init; }

    /// <summary>
    /// Null for the newest state, <c>0</c> for whatever the server has in its cache, else a version that the answer must not be older than.
    /// </summary>
    public string? ResourceVersion { get; init; }
}

/// <summary>What a page of a list says about the whole list.</summary>
/// <param name="ResourceVersion">The version of the collection, from which a watch can go on.</param>
/// <param name="Continue">The token of the next page; null when this was the last.</param>
public sealed record ListPage(string? ResourceVersion, string? Continue);

/// <summary>One object of a list: decoded, or the reason why it could not be.</summary>
/// <typeparam name="T">The type of the objects.</typeparam>
/// <param name="Object">The object; null when <paramref name="Failure"/> is set.</param>
/// <param name="Failure">Why the object could not be decoded; null when it could.</param>
public readonly record struct ListItem<T>(T? Object, DecodeFailure? Failure)
    where T : class;

/// <summary>An object from the API server that does not fit its type. The rest of the stream is not affected.</summary>
/// <param name="Key">The object's key, if it could be read.</param>
/// <param name="ResourceVersion">The object's version, if it could be read.</param>
/// <param name="Reason">What does not fit, with the path of the field.</param>
public sealed record DecodeFailure(ObjectKey? Key, string? ResourceVersion, string Reason);
