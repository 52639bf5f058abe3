// SPDX-License-Identifier: Apache-2.0

using System.Text.Json.Nodes;
using ControlPlane;

namespace Chart.Tests.Rights;

/// <summary>One verb of one rule of the chart's roles.</summary>
/// <param name="Role">Where the rule is: ClusterRole or Role.</param>
/// <param name="Rule">Its number there.</param>
/// <param name="Verb">The verb.</param>
/// <param name="Resource">The rule's resource.</param>
public sealed record Grant(string Role, int Rule, string Verb, string Resource)
{
    /// <summary>All verbs of the roles that the chart has brought to a control plane.</summary>
    public static async Task<IReadOnlyList<Grant>> AllAsync(ApiServer api) =>
        [.. await OfAsync(api, "ClusterRole"), .. await OfAsync(api, "Role")];

    /// <summary>The API server has refused this.</summary>
    public bool IsRefusedBy(AuditedRequest request) => request.Code == 403 && request.Verb == Verb && request.Resource == Resource;

    /// <summary>The rules of a role of the chart.</summary>
    public static async Task<JsonArray> RulesAsync(ApiServer api, string role)
    {
        var path = role == "Role" ? ApiPaths.Roles(LocalControlPlane.ExtensionNamespace, LocalControlPlane.ServiceAccount) : ApiPaths.ClusterRoles(LocalControlPlane.ServiceAccount);
        return (await api.GetAsync(path))["rules"]!.DeepClone().AsArray();
    }

    public override string ToString() => $"{Verb} {Resource} (rule {Rule} of the {Role})";

    private static async Task<IEnumerable<Grant>> OfAsync(ApiServer api, string role) =>
        (await RulesAsync(api, role)).SelectMany((rule, number) =>
            from verb in rule!["verbs"]!.AsArray()
            from resource in rule["resources"]!.AsArray()
            select new Grant(role, number, (string)verb!, (string)resource!));
}
