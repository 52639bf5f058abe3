// SPDX-License-Identifier: Apache-2.0

using System.Text.Json.Nodes;

namespace EndToEnd.Tests;

/// <summary>
/// What the environment variable BREAK has broken on purpose, to see that the story fails and names the cause; <c>hack/e2e-broken.sh</c>
/// tries each.
/// </summary>
internal static class Sabotage
{
    private const string Rbac = "rbac";
    private const string Handler = "handler";
    private const string Shim = "shim";

    private static readonly string Kind = Environment.GetEnvironmentVariable("BREAK") is not { Length: > 0 } kind
        ? ""
        : kind is Rbac or Handler or Shim
            ? kind
            : throw new InvalidOperationException($"BREAK={kind}: want {Rbac}, {Handler} or {Shim}");

    /// <summary>Takes one verb out of the controller's rights.</summary>
    public static void Adjust(JsonObject chartObject)
    {
        if (Kind == Rbac && (string?)chartObject["kind"] == "ClusterRole")
        {
            foreach (var rule in chartObject["rules"]!.AsArray().Where(rule => rule!["resources"]!.AsArray().Any(name => (string?)name == "managedresources")))
            {
                rule!["verbs"] = new JsonArray([.. rule["verbs"]!.AsArray().Select(verb => (string)verb!).Where(verb => verb != "create").Select(verb => JsonValue.Create(verb))]);
            }
        }
    }

    /// <summary>Has somebody else's RuntimeClass name a handler that does not exist, or hides the shim from containerd.</summary>
    public static async Task PrepareAsync(Cluster cluster)
    {
        switch (Kind)
        {
            case Handler:
                await cluster.Api.CreateAsync(
                    "/apis/node.k8s.io/v1/runtimeclasses", new JsonObject { ["metadata"] = new JsonObject { ["name"] = "gvisor" }, ["handler"] = "runsx" });
                break;
            case Shim:
                // gardener-node-agent's drop-in, by which containerd finds shims in the binary directory.
                await cluster.OnNodeAsync("rm", "/etc/systemd/system/containerd.service.d/30-env_config.conf");
                await cluster.OnNodeAsync("sh", "-c", "systemctl daemon-reload && systemctl restart containerd.service");
                break;
        }
    }
}
