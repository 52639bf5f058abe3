// SPDX-License-Identifier: Apache-2.0

using System.Security.Authentication;
using Kubernetes.Controllers.Client;
using Kubernetes.Controllers.Tests.Testing;
using Microsoft.AspNetCore.Http;

namespace Kubernetes.Controllers.Tests.Client;

/// <summary>The server's certificate must come from the configured authority and carry the right name; one of the two is not enough.</summary>
public sealed class TlsTests : IDisposable
{
    private static readonly ObjectKey Key = new("default", "a");

    private readonly TestCertificates _certificates = new();

    public void Dispose() => _certificates.Dispose();

    [Theory]
    [InlineData("127.0.0.1", null)]
    [InlineData("kubernetes.example", "kubernetes.example")]
    public async Task The_right_name_from_the_right_authority_is_accepted(string name, string? tlsServerName) =>
        (await ConnectAsync([name], tlsServerName, _certificates.AuthorityPem)).Should().BeNull();

    [Theory]
    [InlineData("wrong.example", null)]
    [InlineData("127.0.0.2", null)]
    [InlineData("127.0.0.1", "kubernetes.example")]
    [InlineData("other.example", "kubernetes.example")]
    public async Task A_wrong_name_is_refused_although_the_authority_is_right(string name, string? tlsServerName) =>
        (await ConnectAsync([name], tlsServerName, _certificates.AuthorityPem)).Should().Contain($"it is not for '{tlsServerName ?? "127.0.0.1"}'");

    [Fact]
    public async Task A_wrong_authority_is_refused_although_the_name_is_right()
    {
        using var other = new TestCertificates();

        (await ConnectAsync(["127.0.0.1"], null, other.AuthorityPem)).Should().Contain("the configured certificate authorities do not vouch for it");
    }

    [Fact]
    public async Task Without_an_authority_the_systems_apply() =>
        (await ConnectAsync(["127.0.0.1"], null, null)).Should().Contain("the system's certificate authorities do not vouch for it");

    [Fact]
    public async Task Requests_go_over_HTTP_2()
    {
        await using var server = await FakeApiServer.StartAsync(_certificates.Server("127.0.0.1"));
        var protocol = "";
        server.Otherwise(context =>
        {
            protocol = context.Request.Protocol;
            return context.Response.WriteAsync(Widget.Create("a").ToJson());
        });
        using var client = server.Client(configuration => configuration with { CertificateAuthorityData = _certificates.AuthorityPem });

        await client.FindAsync(Widget.Resource, Key, TestContext.Current.CancellationToken);

        protocol.Should().Be("HTTP/2");
    }

    [Fact]
    public async Task A_rotated_authority_is_read_again_from_where_the_kubelet_puts_it()
    {
        using var next = new TestCertificates();
        using var volume = new ProjectedVolume("ca.crt", _certificates.AuthorityPem);
        await using var server = await FakeApiServer.StartAsync(next.Server("127.0.0.1"));
        using var client = server.Client(configuration => configuration with { CertificateAuthorityFile = volume.File });
        (await FindRefusalAsync(client)).Should().NotBeNull();

        volume.Replace(next.AuthorityPem);

        (await FindRefusalAsync(client)).Should().BeNull();
    }

    [Fact]
    public async Task An_authority_that_is_missing_for_a_moment_stays_the_one_that_it_was()
    {
        using var volume = new ProjectedVolume("ca.crt", _certificates.AuthorityPem);
        await using var server = await FakeApiServer.StartAsync(_certificates.Server("127.0.0.1"));
        using var client = server.Client(configuration => configuration with { CertificateAuthorityFile = volume.File });

        volume.Replace("half-written");

        (await FindRefusalAsync(client)).Should().BeNull();
    }

    [Fact]
    public async Task An_authority_that_has_not_signed_itself_is_an_anchor_too()
    {
        using var intermediate = _certificates.Intermediate();

        (await ConnectAsync(intermediate, ["127.0.0.1"], null, intermediate.AuthorityPem)).Should().BeNull();
    }

    [Fact]
    public async Task A_client_certificate_is_read_again_for_a_new_connection()
    {
        using var volume = new ProjectedVolume("tls.pem", _certificates.ClientPem("first"));
        var names = new List<string?>();
        await using var server = await FakeApiServer.StartAsync(_certificates.Server("127.0.0.1"), asksForCertificate: true);
        server.Otherwise(context =>
        {
            names.Add(context.Connection.ClientCertificate?.Subject);
            context.Response.Headers.Connection = "close";
            return context.Response.WriteAsync(Widget.Create("a").ToJson());
        });
        var certificate = new ClientCertificate("test", new PemSource(null, volume.File), new PemSource(null, volume.File));
        var configure = (ApiClientConfiguration configuration) =>
            configuration with { CertificateAuthorityData = _certificates.AuthorityPem, ClientCertificate = certificate };
        using var client = server.Client(configure);
        await client.FindAsync(Widget.Resource, Key, TestContext.Current.CancellationToken);

        volume.Replace(_certificates.ClientPem("second"));
        await client.FindAsync(Widget.Resource, Key, TestContext.Current.CancellationToken);

        names.Should().Equal("CN=first", "CN=second");
    }

    private Task<string?> ConnectAsync(string[] names, string? tlsServerName, string? authority) =>
        ConnectAsync(_certificates, names, tlsServerName, authority);

    private static async Task<string?> ConnectAsync(TestCertificates issuer, string[] names, string? tlsServerName, string? authority)
    {
        await using var server = await FakeApiServer.StartAsync(issuer.Server(names));
        using var client = server.Client(configuration => configuration with { CertificateAuthorityData = authority, TlsServerName = tlsServerName });
        return await FindRefusalAsync(client);
    }

    private static async Task<string?> FindRefusalAsync(ApiClient client)
    {
        try
        {
            await client.FindAsync(Widget.Resource, Key, TestContext.Current.CancellationToken);
            return null;
        }
        catch (HttpRequestException exception) when (exception.InnerException is AuthenticationException)
        {
            return exception.InnerException!.Message;
        }
    }
}
