// SPDX-License-Identifier: Apache-2.0

namespace Kubernetes.Controllers.Client;

/// <summary>What a page of a list says about the whole list.</summary>
/// <param name="ResourceVersion">The version of the collection, from which a watch can go on.</param>
/// <param name="Continue">The token of the next page; null when this was the last.</param>
public sealed record ListPage(string? ResourceVersion, string? Continue);
