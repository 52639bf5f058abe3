// SPDX-License-Identifier: Apache-2.0

using System.Text.Json.Nodes;
using ControlPlane;

namespace Chart.Tests.Rights;

/// <summary>
/// An account with the chart's rights, or all but one of them, in a namespace of its own: so that many controllers run at the same time,
/// each with its own Leases and, by its own class, its own ContainerRuntimes.
/// </summary>
/// <param name="Namespace">Stands for the extension's namespace; also the class of extension objects.</param>
/// <param name="Kubeconfig">Its credentials.</param>
internal sealed record Identity(string Namespace, string Kubeconfig)
{
    /// <summary>Its name for the API server.</summary>
    public string User => UserOf(Namespace);

    /// <param name="controlPlane">Where.</param>
    /// <param name="name">The namespace.</param>
    /// <param name="without">What it may not; null if it may everything that the chart allows.</param>
    public static async Task<Identity> CreateAsync(LocalControlPlane controlPlane, string name, Grant? without)
    {
        var api = controlPlane.Api;
        await api.CreateAsync(ApiPaths.Namespaces(), new JsonObject { ["metadata"] = new JsonObject { ["name"] = name } });
        await api.CreateAsync(ApiPaths.ServiceAccounts(name), new JsonObject { ["metadata"] = new JsonObject { ["name"] = name } });
        foreach (var role in (string[])["ClusterRole", "Role"])
        {
            var rules = await Grant.RulesAsync(api, role);
            if (without?.Role == role)
            {
                Remove(rules, without);
            }

            var isOfCluster = role == "ClusterRole";
            await api.CreateAsync(
                isOfCluster ? ApiPaths.ClusterRoles() : ApiPaths.Roles(name),
                new JsonObject { ["metadata"] = new JsonObject { ["name"] = name }, ["rules"] = rules.DeepClone() });
            await api.CreateAsync(isOfCluster ? ApiPaths.ClusterRoleBindings() : ApiPaths.RoleBindings(name), Binding(name, role));
            await WaitUntilInForceAsync(api, name, rules);
        }

        var tokenFile = Path.Combine(controlPlane.Directory, $"{name}.token");
        await File.WriteAllTextAsync(tokenFile, await controlPlane.CreateTokenAsync(name, TimeSpan.FromHours(1), name));
        return new Identity(name, await controlPlane.WriteKubeconfigAsync(name, api.Server, controlPlane.CertificateAuthorityFile, tokenFile));
    }

    private static string UserOf(string name) => $"system:serviceaccount:{name}:{name}";

    private static void Remove(JsonArray rules, Grant grant)
    {
        var verbs = rules[grant.Rule]!["verbs"]!.AsArray();
        verbs.Remove(verbs.Single(verb => (string?)verb == grant.Verb));
        if (verbs.Count == 0)
        {
            rules.RemoveAt(grant.Rule);
        }
    }

    private static JsonObject Binding(string name, string role) => new()
    {
        ["metadata"] = new JsonObject { ["name"] = name },
        ["roleRef"] = new JsonObject { ["apiGroup"] = "rbac.authorization.k8s.io", ["kind"] = role, ["name"] = name },
        ["subjects"] = new JsonArray(new JsonObject { ["kind"] = "ServiceAccount", ["namespace"] = name, ["name"] = name }),
    };

    /// <summary>The API server learns of roles and bindings by a watch of its own: nothing may be refused only because that is late.</summary>
    private static Task WaitUntilInForceAsync(ApiServer api, string name, JsonArray rules)
    {
        var rule = rules[0]!;
        var review = new JsonObject
        {
            ["spec"] = new JsonObject
            {
                ["user"] = UserOf(name),
                ["resourceAttributes"] = new JsonObject
                {
                    ["namespace"] = name,
                    ["verb"] = rule["verbs"]![0]!.DeepClone(),
                    ["group"] = rule["apiGroups"]![0]!.DeepClone(),
                    ["resource"] = rule["resources"]![0]!.DeepClone(),
                    ["name"] = rule["resourceNames"]?[0]?.DeepClone(),
                },
            },
        };
        return Eventually.TrueAsync(
            $"the rights of {name}",
            async () => (bool?)(await api.CreateAsync("/apis/authorization.k8s.io/v1/subjectaccessreviews", review))["status"]!["allowed"] == true);
    }
}
