// SPDX-License-Identifier: Apache-2.0

using System.Buffers.Text;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;

namespace ControlPlane;

/// <summary>etcd and kube-apiserver on this machine, with Gardener's resources and the controller's rights installed.</summary>
public sealed class LocalControlPlane : IAsyncDisposable
{
    /// <summary>The extension's namespace and the name of its ServiceAccount, from the chart.</summary>
    public const string ExtensionNamespace = "extension-runtime-gvisor";

    public const string ServiceAccount = "gardener-extension-runtime-gvisor";

    /// <summary>Who issues tokens of ServiceAccounts, and to whom they are addressed, in hack/control-plane.sh.</summary>
    private const string Issuer = "https://kubernetes.default.svc";

    private static readonly TimeSpan BuildTimeout = TimeSpan.FromMinutes(20);
    private static readonly string Script = Path.Combine(Repository.Root, "hack", "control-plane.sh");

    private LocalControlPlane(string directory, NetworkNamespace? network)
    {
        Directory = directory;
        Network = network;
        Api = CreateClient("admin", "test");
    }

    /// <summary>Everything that the servers keep; tests may put files here, too.</summary>
    public string Directory { get; }

    /// <summary>Where its servers listen; null for the network of this process.</summary>
    public NetworkNamespace? Network { get; }

    /// <summary>The API server, as cluster-admin.</summary>
    public ApiServer Api { get; }

    public string CertificateAuthorityFile => Path.Combine(Directory, "pki", "ca.crt");

    public string AdminKubeconfig => Path.Combine(Directory, "admin.kubeconfig");

    public string ResourceManagerKubeconfig => Path.Combine(Directory, "resource-manager.kubeconfig");

    /// <summary>The controller's own identity and rights.</summary>
    public string ControllerKubeconfig => Path.Combine(Directory, "controller.kubeconfig");

    public string ControllerTokenFile => Path.Combine(Directory, "controller.token");

    /// <summary>Starts it; the first start on a machine builds it, which takes minutes.</summary>
    public static async Task<LocalControlPlane> StartAsync(CancellationToken cancellationToken)
    {
        var directory = System.IO.Directory.CreateTempSubdirectory("control-plane-").FullName;
        var owner = new Dictionary<string, string?> { ["OWNER"] = Environment.ProcessId.ToString(CultureInfo.InvariantCulture) };
        await ChildProcess.GetOutputAsync([Script, "up", directory], owner, BuildTimeout, cancellationToken);
        return new LocalControlPlane(directory, network: null);
    }

    /// <summary>One that runs already, and that somebody else ends.</summary>
    public static LocalControlPlane At(string directory, NetworkNamespace network) => new(directory, network);

    public async ValueTask DisposeAsync()
    {
        Api.Dispose();
        await ChildProcess.GetOutputAsync([Script, "down", Directory], null, TimeSpan.FromMinutes(1), CancellationToken.None);
    }

    /// <summary>A client of its own for load, or to be told apart in the audit log.</summary>
    public ApiServer CreateClient(string user, string userAgent)
    {
        var token = File.ReadLines(Path.Combine(Directory, "tokens.csv")).Select(line => line.Split(',')).First(fields => fields[1] == user)[0];
        var server = File.ReadLines(AdminKubeconfig).First(line => line.Contains("server:", StringComparison.Ordinal)).Split("server: ")[1];
        return new ApiServer(new Uri(server), CertificateAuthorityFile, token, userAgent, Network);
    }

    public IReadOnlyList<AuditedRequest> ReadAuditLog() => AuditLog.Read(Path.Combine(Directory, "audit.log"));

    /// <summary>A token of a ServiceAccount, from the API that also serves the kubelet.</summary>
    public async Task<string> CreateTokenAsync(string serviceAccount, TimeSpan lifetime, string @namespace = ExtensionNamespace)
    {
        var answer = await Api.CreateAsync(
            $"{ApiPaths.ServiceAccounts(@namespace, serviceAccount)}/token",
            new JsonObject
            {
                ["apiVersion"] = "authentication.k8s.io/v1",
                ["kind"] = "TokenRequest",
                ["spec"] = new JsonObject { ["expirationSeconds"] = (long)lifetime.TotalSeconds },
            });
        return (string)answer["status"]!["token"]!;
    }

    /// <summary>
    /// A token that is like those that the API server issues, signed with its key, but for any time: it issues none for less than ten minutes.
    /// </summary>
    public async Task<string> SignTokenAsync(string serviceAccount, DateTimeOffset issued, DateTimeOffset expires)
    {
        var account = await Api.GetAsync(ApiPaths.ServiceAccounts(ExtensionNamespace, serviceAccount));
        var claims = new JsonObject
        {
            ["iss"] = Issuer,
            ["aud"] = new JsonArray(Issuer),
            ["sub"] = $"system:serviceaccount:{ExtensionNamespace}:{serviceAccount}",
            ["iat"] = issued.ToUnixTimeSeconds(),
            ["nbf"] = issued.ToUnixTimeSeconds(),
            ["exp"] = expires.ToUnixTimeSeconds(),
            ["kubernetes.io"] = new JsonObject
            {
                ["namespace"] = ExtensionNamespace,
                ["serviceaccount"] = new JsonObject { ["name"] = serviceAccount, ["uid"] = (string)account["metadata"]!["uid"]! },
            },
        };
        using var key = ECDsa.Create();
        key.ImportFromPem(await File.ReadAllTextAsync(Path.Combine(Directory, "pki", "service-account.key")));
        var signed = $"{Encode("""{"alg":"ES256"}""")}.{Encode(claims.ToJsonString())}";
        return $"{signed}.{Base64Url.EncodeToString(key.SignData(Encoding.UTF8.GetBytes(signed), HashAlgorithmName.SHA256))}";

        static string Encode(string text) => Base64Url.EncodeToString(Encoding.UTF8.GetBytes(text));
    }

    /// <summary>A second ServiceAccount with the controller's rights, so that the audit log tells two replicas apart.</summary>
    public async Task<string> CreateReplicaKubeconfigAsync(string name)
    {
        await Api.CreateAsync(
            ApiPaths.ServiceAccounts(ExtensionNamespace), new JsonObject { ["metadata"] = new JsonObject { ["name"] = name } });
        await Api.CreateAsync(ApiPaths.ClusterRoleBindings(), Binding(name, "ClusterRole"));
        await Api.CreateAsync(ApiPaths.RoleBindings(ExtensionNamespace), Binding(name, "Role"));
        var tokenFile = Path.Combine(Directory, $"{name}.token");
        await File.WriteAllTextAsync(tokenFile, await CreateTokenAsync(name, TimeSpan.FromHours(12)));
        return await WriteKubeconfigAsync(name, Api.Server, CertificateAuthorityFile, tokenFile);
    }

    /// <summary>Writes a kubeconfig and returns its path.</summary>
    public async Task<string> WriteKubeconfigAsync(string name, Uri server, string certificateAuthorityFile, string tokenFile)
    {
        var path = Path.Combine(Directory, $"{name}.kubeconfig");
        await File.WriteAllTextAsync(path, $"""
            apiVersion: v1
            kind: Config
            clusters:
              - name: local
                cluster:
                  server: {server.GetLeftPart(UriPartial.Authority)}
                  certificate-authority: {certificateAuthorityFile}
            users:
              - name: {name}
                user:
                  tokenFile: {tokenFile}
            contexts:
              - name: local
                context:
                  cluster: local
                  user: {name}
            current-context: local
            """);
        return path;
    }

    /// <summary>Gives a ServiceAccount the rights that the chart gives to the controller's.</summary>
    private static JsonObject Binding(string serviceAccount, string kind) => new()
    {
        ["metadata"] = new JsonObject { ["name"] = serviceAccount },
        ["roleRef"] = new JsonObject { ["apiGroup"] = "rbac.authorization.k8s.io", ["kind"] = kind, ["name"] = ServiceAccount },
        ["subjects"] = new JsonArray(
            new JsonObject { ["kind"] = "ServiceAccount", ["namespace"] = ExtensionNamespace, ["name"] = serviceAccount }),
    };
}
