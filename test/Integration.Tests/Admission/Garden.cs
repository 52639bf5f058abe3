// SPDX-License-Identifier: Apache-2.0

using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json.Nodes;
using ControlPlane;
using Kubernetes.Controllers.Serialization;

namespace Integration.Tests.Admission;

/// <summary>A virtual garden in which the admission's charts are installed, with a stand-in for Gardener's Shoots.</summary>
internal sealed class Garden(LocalControlPlane controlPlane)
{
    public const string Name = "gardener-extension-admission-runtime-gvisor";
    public const string Label = "containerruntime.extensions.gardener.cloud/gvisor";

    /// <summary>Of the runtime chart.</summary>
    public const string Namespace = "garden-admission";

    private const string Project = "garden-local";
    private const string Definitions = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";

    public ApiServer Api => controlPlane.Api;

    /// <summary>The credentials and rights that the charts give to the program.</summary>
    public string Kubeconfig { get; private set; } = "";

    private static string Configurations => "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations";

    /// <summary>Installs the charts; the webhook is at <paramref name="port"/> of this machine.</summary>
    public async Task InstallAsync(int port, string failurePolicy = "Fail")
    {
        await CreateShootDefinitionAsync();
        await CreateNamespaceAsync(Project);
        await CreateNamespaceAsync(Namespace);
        var values = $$"""
            { "image": { "repository": "localhost/admission" }, "gardener": { "virtualCluster": { "enabled": false } },
              "runtime": { "namespace": "{{Namespace}}" }, "webhook": { "failurePolicy": "{{failurePolicy}}" } }
            """;
        foreach (var value in (JsonObject[])[.. await RenderAsync("runtime", values), .. await RenderAsync("application", values)])
        {
            if (PathOf((string)value["kind"]!) is not { } path)
            {
                continue;
            }

            if ((string?)value["kind"] == "ValidatingWebhookConfiguration")
            {
                // No service leads here.
                value["webhooks"]![0]!["clientConfig"] = new JsonObject { ["url"] = $"https://127.0.0.1:{port}/webhooks/validate" };
                await Api.DeleteAsync($"{path}/{Name}");
            }

            var (status, body) = await Api.TryAsync(HttpMethod.Post, path, value);
            status.Should().BeOneOf([HttpStatusCode.Created, HttpStatusCode.Conflict], body);
        }

        var tokenFile = Path.Combine(controlPlane.Directory, "admission.token");
        await File.WriteAllTextAsync(tokenFile, await controlPlane.CreateTokenAsync(Name, TimeSpan.FromHours(1), Namespace));
        Kubeconfig = await controlPlane.WriteKubeconfigAsync("admission", Api.Server, controlPlane.CertificateAuthorityFile, tokenFile);
    }

    /// <summary>Takes the webhook and what was shared by its replicas away.</summary>
    public async Task UninstallAsync()
    {
        await Api.DeleteAsync($"{Configurations}/{Name}");
        await Api.DeleteAsync(ApiPaths.Secrets(Namespace, $"{Name}-tls"));
    }

    /// <summary>Asks the API server for a shoot, which it judges and does not keep.</summary>
    public Task<(HttpStatusCode Status, string Body)> TryAsync(JsonObject shoot) => Api.TryAsync(HttpMethod.Post, Shoots, shoot);

    /// <inheritdoc cref="TryAsync(JsonObject)"/>
    public Task<(HttpStatusCode Status, string Body)> TryAsync(string shoot) => Api.TryAsync(HttpMethod.Post, Shoots, shoot);

    /// <summary>What it warns of.</summary>
    public Task<IReadOnlyList<string>> WarningsAsync(JsonObject shoot) => Api.WarningsAsync(HttpMethod.Post, Shoots, shoot);

    /// <summary>What API servers trust.</summary>
    public async Task<string> BundleAsync()
    {
        var configuration = await Api.GetAsync($"{Configurations}/{Name}");
        return configuration["webhooks"]![0]!["clientConfig"]!["caBundle"] is { } bundle ? Encoding.UTF8.GetString(Convert.FromBase64String((string)bundle!)) : "";
    }

    /// <summary>The Secret of the replicas, by key.</summary>
    public async Task<string?> SecretAsync(string key)
    {
        var secret = await Api.FindAsync(ApiPaths.Secrets(Namespace, $"{Name}-tls"));
        return secret?["data"]?[key] is { } value ? Encoding.UTF8.GetString(Convert.FromBase64String((string)value!)) : null;
    }

    /// <summary>What the program has asked the API server for, as verb and resource.</summary>
    public IEnumerable<string> UsedRights() => controlPlane.ReadAuditLog()
        .Where(request => request.User == $"system:serviceaccount:{Namespace}:{Name}")
        .Select(request => $"{request.Verb} {request.Resource}")
        .Distinct(StringComparer.Ordinal);

    /// <summary>The certificate that a replica serves to a new connection; null if it takes none.</summary>
    public static async Task<string?> ServedAsync(int port)
    {
        try
        {
            using var client = new TcpClient();
            await client.ConnectAsync(IPAddress.Loopback, port);
            // Whether it is trusted says the API server; here it is only looked at.
            X509Certificate2? served = null;
            await using var tls = new SslStream(client.GetStream(), false, (_, certificate, _, _) => (served = (X509Certificate2?)certificate) is not null);
            await tls.AuthenticateAsClientAsync("127.0.0.1");
            return served!.ExportCertificatePem();
        }
        catch (Exception exception) when (exception is SocketException or IOException)
        {
            return null;
        }
    }

    public static JsonObject Shoot(string configFlags = """{"net-raw":"true"}""", bool isLabelled = true)
    {
        var shoot = JsonNode.Parse($$"""
            {
              "apiVersion": "core.gardener.cloud/v1beta1", "kind": "Shoot",
              "metadata": { "name": "example", "labels": {} },
              "spec": { "provider": { "workers": [ { "name": "sandboxed", "cri": { "name": "containerd", "containerRuntimes": [ {
                "type": "gvisor",
                "providerConfig": {
                  "apiVersion": "gvisor.runtime.extensions.config.gardener.cloud/v1alpha1", "kind": "GVisorConfiguration", "configFlags": {{configFlags}}
                } } ] } } ] } }
            }
            """)!.AsObject();
        if (isLabelled)
        {
            shoot["metadata"]!["labels"]![Label] = "true";
        }

        return shoot;
    }

    private static string Shoots => $"/apis/core.gardener.cloud/v1beta1/namespaces/{Project}/shoots?dryRun=All";

    /// <summary>Where an object of the charts is created; null for one that this control plane has no use for.</summary>
    private static string? PathOf(string kind) => kind switch
    {
        "ServiceAccount" => ApiPaths.ServiceAccounts(Namespace),
        "Role" => ApiPaths.Roles(Namespace),
        "RoleBinding" => ApiPaths.RoleBindings(Namespace),
        "ClusterRole" => ApiPaths.ClusterRoles(),
        "ClusterRoleBinding" => ApiPaths.ClusterRoleBindings(),
        "Deployment" => $"/apis/apps/v1/namespaces/{Namespace}/deployments",
        "Service" => $"/api/v1/namespaces/{Namespace}/services",
        "ValidatingWebhookConfiguration" => Configurations,
        _ => null,
    };

    private static async Task<IEnumerable<JsonObject>> RenderAsync(string chart, string values)
    {
        var file = Path.GetTempFileName();
        try
        {
            await File.WriteAllTextAsync(file, values);
            var rendered = await ChildProcess.RunAsync(
                [Repository.Script("helm-template.sh"), Repository.PathOf($"charts/{Name}/{chart}"), "runtime-gvisor", Namespace, "-f", file],
                TimeSpan.FromMinutes(10),
                cancellationToken: TestContext.Current.CancellationToken);
            return YamlDocuments.Read(rendered.EnsureSuccess().Output).OfType<JsonObject>();
        }
        finally
        {
            File.Delete(file);
        }
    }

    private async Task CreateNamespaceAsync(string name)
    {
        var (status, body) = await Api.TryAsync(HttpMethod.Post, ApiPaths.Namespaces(), new JsonObject { ["metadata"] = new JsonObject { ["name"] = name } });
        status.Should().BeOneOf([HttpStatusCode.Created, HttpStatusCode.Conflict], body);
    }

    private async Task CreateShootDefinitionAsync()
    {
        const string Definition = """
            {
              "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
              "metadata": { "name": "shoots.core.gardener.cloud" },
              "spec": {
                "group": "core.gardener.cloud", "scope": "Namespaced",
                "names": { "plural": "shoots", "singular": "shoot", "kind": "Shoot", "listKind": "ShootList" },
                "versions": [ { "name": "v1beta1", "served": true, "storage": true, "schema": { "openAPIV3Schema": {
                  "type": "object", "x-kubernetes-preserve-unknown-fields": true } } } ]
              }
            }
            """;
        await Api.TryAsync(HttpMethod.Post, Definitions, JsonNode.Parse(Definition)!.AsObject());
        await Eventually.TrueAsync("shoots are served", async () => (await Api.TryAsync(HttpMethod.Get, Shoots)).Status == HttpStatusCode.OK);
    }
}
