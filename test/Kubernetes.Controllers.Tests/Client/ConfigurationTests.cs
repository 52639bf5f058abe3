// SPDX-License-Identifier: Apache-2.0

using System.Security.Cryptography.X509Certificates;
using System.Text;
using Kubernetes.Controllers.Client;
using Kubernetes.Controllers.Tests.Testing;

namespace Kubernetes.Controllers.Tests.Client;

public sealed class ConfigurationTests : IDisposable
{
    private const string Kubeconfig = """
        apiVersion: v1
        kind: Config
        current-context: second
        clusters:
        - name: one
          cluster: {server: "https://one.example", certificate-authority: ca.crt}
        - name: two
          cluster:
            server: https://two.example:6443/prefix
            certificate-authority-data: Y2E=
            tls-server-name: kubernetes
        contexts:
        - name: first
          context: {cluster: one, user: file}
        - name: second
          context:
            cluster: two
            user: token
            namespace: garden
        users:
        - name: token
          user: {token: secret}
        - name: file
          user:
            tokenFile: tokens/token
        """;

    private readonly string _directory = Directory.CreateTempSubdirectory("configuration").FullName;
    private readonly Dictionary<string, string> _environment = [];

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public void The_current_context_names_cluster_user_and_namespace()
    {
        var configuration = Load(Write("config", Kubeconfig));

        configuration.Server.Should().Be(new Uri("https://two.example:6443/prefix"));
        configuration.CertificateAuthorityData.Should().Be("ca");
        configuration.TlsServerName.Should().Be("kubernetes");
        configuration.Token.Should().Be("secret");
        configuration.DefaultNamespace.Should().Be("garden");
    }

    [Fact]
    public void Paths_are_relative_to_the_file()
    {
        var configuration = Load(Write("config", Kubeconfig.Replace("current-context: second", "current-context: first", StringComparison.Ordinal)));

        configuration.TokenFile.Should().Be(Path.Combine(_directory, "tokens", "token"));
        configuration.CertificateAuthorityFile.Should().Be(Path.Combine(_directory, "ca.crt"));
        configuration.DefaultNamespace.Should().Be("default");
    }

    [Fact]
    public void A_client_certificate_and_its_key_can_be_given_as_data()
    {
        using var certificates = new TestCertificates();
        using var certificate = certificates.Server("client");
        using var key = certificate.GetECDsaPrivateKey()!;
        var yaml = Kubeconfig.Replace(
            "{token: secret}",
            $"{{client-certificate-data: {Base64(certificate.ExportCertificatePem())}, client-key-data: {Base64(key.ExportPkcs8PrivateKeyPem())}}}",
            StringComparison.Ordinal);

        var configuration = Load(Write("config", yaml));

        using var read = configuration.ClientCertificate!.Read();
        read.HasPrivateKey.Should().BeTrue();
        read.Thumbprint.Should().Be(certificate.Thumbprint);
    }

    [Theory]
    [InlineData("user: {token: secret}", "user: {exec: {command: aws}}", "users[token].user.exec: not supported")]
    [InlineData("user: {token: secret}", "user: {auth-provider: {name: gcp}}", "users[token].user.auth-provider: not supported")]
    [InlineData("user: {token: secret}", "user: {username: admin, password: x}", "users[token].user.username: not supported")]
    [InlineData("user: {token: secret}", "user: {client-certificate-data: YQ==}", "must be given together")]
    [InlineData("user: {token: secret}", "user: {client-certificate-data: YQ==, client-key-data: YQ==}", "not a matching pair in PEM")]
    [InlineData("tls-server-name: kubernetes", "insecure-skip-tls-verify: true", "clusters[two].cluster.insecure-skip-tls-verify: not supported")]
    [InlineData("user: {token: secret}", "user: {password: x}", "users[token].user.password: not supported")]
    [InlineData("user: {token: secret}", "user: {as-groups: [x]}", "users[token].user.as-groups: not supported")]
    [InlineData("tls-server-name: kubernetes", "insecure-skip-tls-verify: true", "give certificate-authority or certificate-authority-data")]
    [InlineData("tls-server-name: kubernetes", "proxy-url: socks5://proxy", "clusters[two].cluster.proxy-url: 'socks5://proxy' is not an http or https URL")]
    [InlineData("certificate-authority-data: Y2E=", "certificate-authority-data: '%'", "clusters[two].cluster.certificate-authority-data: not base64")]
    [InlineData("server: https://two.example:6443/prefix", "server: two.example", "clusters[two].cluster.server: 'two.example' is not an http or https URL")]
    [InlineData("server: https://two.example:6443/prefix", "x: y", "clusters[two].cluster.server: must be set")]
    [InlineData("current-context: second", "x: y", "current-context is not set")]
    [InlineData("current-context: second", "current-context: third", "contexts has no context 'third'")]
    [InlineData("user: token", "user: nobody", "users has no user 'nobody'")]
    [InlineData("cluster: two", "cluster: nowhere", "clusters has no cluster 'nowhere'")]
    [InlineData("kind: Config", "kind: {", "not YAML")]
    [InlineData("kind: Config", "kind: 'x", "not YAML, line")]
    public void What_cannot_be_honoured_is_an_error_that_names_the_field(string original, string replacement, string message)
    {
        var file = Write("config", Kubeconfig.Replace(original, replacement, StringComparison.Ordinal));

        FluentActions.Invoking(() => Load(file)).Should().Throw<ConfigurationException>().Which.Message.Should().Contain(message).And.Contain(file);
    }

    [Fact]
    public void Credentials_are_not_part_of_the_configurations_text() =>
        Load(Write("config", Kubeconfig)).ToString().Should().NotContain("secret").And.Contain("two.example");

    [Fact]
    public void A_proxy_of_the_cluster_is_used() =>
        Load(Write("config", Kubeconfig.Replace("tls-server-name: kubernetes", "proxy-url: http://proxy:8080", StringComparison.Ordinal)))
            .Proxy.Should().Be(new Uri("http://proxy:8080"));

    [Theory]
    [InlineData("", true)]
    [InlineData("example", false)]
    [InlineData(".example", false)]
    [InlineData("*.example", false)]
    [InlineData("two.example", false)]
    [InlineData("two.example:6443", false)]
    [InlineData("two.example:443", true)]
    [InlineData("o.example", true)]
    [InlineData("one.example, two.example", false)]
    [InlineData("*", false)]
    public void The_proxy_of_the_environment_is_used_but_for_what_NO_PROXY_names(string exceptions, bool isUsed)
    {
        _environment["https_proxy"] = "proxy:3128";
        _environment["NO_PROXY"] = exceptions;

        Load(Write("config", Kubeconfig)).Proxy.Should().Be(isUsed ? new Uri("http://proxy:3128") : null);
    }

    [Theory]
    [InlineData("10.0.0.0/8", false)]
    [InlineData("10.0.0.1", false)]
    [InlineData("10.0.0.1:443", false)]
    [InlineData("10.0.0.2,10.1.0.0/16,fd00::/8", true)]
    public void NO_PROXY_names_addresses_and_ranges_of_them(string exceptions, bool isUsed)
    {
        GoIntoAPod();
        _environment["HTTPS_PROXY"] = "http://proxy:3128";
        _environment["NO_PROXY"] = exceptions;

        Load(null).Proxy.Should().Be(isUsed ? new Uri("http://proxy:3128") : null);
    }

    [Fact]
    public void A_switch_that_is_off_is_no_error() =>
        Load(Write("config", Kubeconfig.Replace("tls-server-name: kubernetes", "insecure-skip-tls-verify: false", StringComparison.Ordinal))).Should().NotBeNull();

    [Fact]
    public void The_flag_comes_before_the_environment_before_the_pod_before_the_home_directory()
    {
        var flag = Write("flag", Kubeconfig.Replace("two.example", "flag.example", StringComparison.Ordinal));
        _environment["KUBECONFIG"] = Write("environment", Kubeconfig.Replace("two.example", "environment.example", StringComparison.Ordinal));
        _environment["HOME"] = _directory;
        Directory.CreateDirectory(Path.Combine(_directory, ".kube"));
        Write(".kube/config", Kubeconfig.Replace("two.example", "home.example", StringComparison.Ordinal));
        GoIntoAPod();

        Load(flag).Server.Host.Should().Be("flag.example");
        Load(null).Server.Host.Should().Be("environment.example");
        _environment.Remove("KUBECONFIG");
        Load(null).Server.Host.Should().Be("10.0.0.1");
        _environment.Remove("KUBERNETES_SERVICE_HOST");
        Load(null).Server.Host.Should().Be("home.example");
        File.Delete(Path.Combine(_directory, ".kube", "config"));
        FluentActions.Invoking(() => Load(null)).Should().Throw<ConfigurationException>().WithMessage("*KUBECONFIG*");
    }

    [Fact]
    public void Master_replaces_the_server() => Load(Write("config", Kubeconfig), "https://other.example").Server.Host.Should().Be("other.example");

    [Fact]
    public void A_pod_uses_the_files_of_its_service_account()
    {
        GoIntoAPod();

        var configuration = Load(null);

        configuration.Server.Should().Be(new Uri("https://10.0.0.1:443"));
        configuration.TokenFile.Should().Be(Path.Combine(_directory, "token"));
        configuration.CertificateAuthorityFile.Should().Be(Path.Combine(_directory, "ca.crt"));
        configuration.DefaultNamespace.Should().Be("extension-runtime-gvisor");
    }

    [Fact]
    public void An_IPv6_service_address_becomes_a_URL()
    {
        GoIntoAPod();
        _environment["KUBERNETES_SERVICE_HOST"] = "fd00::1";

        Load(null).Server.Should().Be(new Uri("https://[fd00::1]:443"));
    }

    [Fact]
    public void Several_files_are_one_and_the_first_entry_of_a_name_counts()
    {
        var first = Write("first", "current-context: second\nclusters: [{name: two, cluster: {server: 'https://first.example'}}]\n");
        _environment["KUBECONFIG"] = $"{first}:{Path.Combine(_directory, "missing")}:{Write("second", Kubeconfig)}";

        var configuration = Load(null);

        configuration.Server.Host.Should().Be("first.example");
        configuration.Token.Should().Be("secret");
    }

    [Fact]
    public void A_file_that_does_not_exist_is_named() =>
        FluentActions.Invoking(() => Load("/nowhere/config")).Should().Throw<ConfigurationException>().WithMessage("*/nowhere/config does not exist*");

    private static string Base64(string text) => Convert.ToBase64String(Encoding.UTF8.GetBytes(text));

    private ApiClientConfiguration Load(string? kubeconfig, string? master = null) =>
        ApiClientConfiguration.Load(kubeconfig, master, name => _environment.GetValueOrDefault(name), _directory);

    private void GoIntoAPod()
    {
        Write("token", "t");
        Write("namespace", "extension-runtime-gvisor");
        _environment["KUBERNETES_SERVICE_HOST"] = "10.0.0.1";
        _environment["KUBERNETES_SERVICE_PORT"] = "443";
    }

    private string Write(string name, string content)
    {
        var path = Path.Combine(_directory, name);
        File.WriteAllText(path, content);
        return path;
    }
}
