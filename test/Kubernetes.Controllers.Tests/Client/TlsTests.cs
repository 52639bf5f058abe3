// SPDX-License-Identifier: Apache-2.0

using System.Security.Authentication;
using Kubernetes.Controllers.Client;
using Kubernetes.Controllers.Tests.Testing;
using Microsoft.AspNetCore.Http;

namespace Kubernetes.Controllers.Tests.Client;

/// <summary>The server's certificate must come from the configured authority and carry the right name; one of the two is not enough.</summary>
public sealed class TlsTests : IDisposable
{
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
            return context.Response.WriteAsync("ok");
        });
        using var client = server.Client(configuration => configuration with { CertificateAuthorityData = _certificates.AuthorityPem });

        await client.ProbeAsync("readyz", TestContext.Current.CancellationToken);

        protocol.Should().Be("HTTP/2");
    }

    [Fact]
    public async Task A_rotated_authority_is_read_again_from_its_file()
    {
        using var next = new TestCertificates();
        var file = Path.GetTempFileName();
        try
        {
            await File.WriteAllTextAsync(file, _certificates.AuthorityPem, TestContext.Current.CancellationToken);
            await using var server = await FakeApiServer.StartAsync(next.Server("127.0.0.1"));
            using var client = server.Client(configuration => configuration with { CertificateAuthorityFile = file });
            (await FindRefusalAsync(client)).Should().NotBeNull();

            await File.WriteAllTextAsync(file, next.AuthorityPem, TestContext.Current.CancellationToken);
            File.SetLastWriteTimeUtc(file, File.GetLastWriteTimeUtc(file).AddSeconds(1));

            (await FindRefusalAsync(client)).Should().BeNull();
        }
        finally
        {
            File.Delete(file);
        }
    }

    private async Task<string?> ConnectAsync(string[] names, string? tlsServerName, string? authority)
    {
        await using var server = await FakeApiServer.StartAsync(_certificates.Server(names));
        using var client = server.Client(configuration => configuration with { CertificateAuthorityData = authority, TlsServerName = tlsServerName });
        return await FindRefusalAsync(client);
    }

    private static async Task<string?> FindRefusalAsync(ApiClient client)
    {
        try
        {
            await client.ProbeAsync("readyz", TestContext.Current.CancellationToken);
            return null;
        }
        catch (HttpRequestException exception) when (exception.InnerException is AuthenticationException)
        {
            return exception.InnerException!.Message;
        }
    }
}
