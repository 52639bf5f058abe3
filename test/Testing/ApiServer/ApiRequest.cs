// SPDX-License-Identifier: Apache-2.0

using System.Text.Json.Nodes;
using Kubernetes.Controllers.Client;

namespace Testing.ApiServer;

/// <summary>A request that the server got.</summary>
public sealed record ApiRequest(string Verb, string Resource, ObjectKey Key, string? Subresource, JsonNode? Body)
{
    public bool IsWrite => Verb is "create" or "patch" or "delete";

    /// <summary>For comparison: <c>patch containerruntimes/status shoot--a/gvisor-a</c>.</summary>
    public override string ToString() => $"{Verb} {Resource}{(Subresource is null ? "" : $"/{Subresource}")} {Key}";
}
