// SPDX-License-Identifier: Apache-2.0

using System.Net;
using ControlPlane;

namespace Integration.Tests;

/// <summary>Tokens expire and are replaced in their file while the controller runs.</summary>
[Collection(OwnSeedCollection.Name)]
public sealed class CredentialTests(OwnSeed seed)
{
    [Fact]
    public async Task An_expired_token_stops_the_work_until_the_file_holds_a_new_one()
    {
        var now = TimeProvider.System.GetUtcNow();
        var expired = await seed.ControlPlane.SignTokenAsync(LocalControlPlane.ServiceAccount, now.AddHours(-2), now.AddHours(-1));
        (await StatusForAsync(await seed.ControlPlane.SignTokenAsync(LocalControlPlane.ServiceAccount, now.AddHours(-2), now.AddHours(1))))
            .Should().Be(HttpStatusCode.OK, "the time alone makes the difference");
        (await StatusForAsync(expired)).Should().Be(HttpStatusCode.Unauthorized);
        var tokenFile = Path.Combine(seed.ControlPlane.Directory, "rotated.token");
        await File.WriteAllTextAsync(tokenFile, expired, TestContext.Current.CancellationToken);
        var kubeconfig = await seed.ControlPlane.WriteKubeconfigAsync(
            "rotated", seed.Api.Server, seed.ControlPlane.CertificateAuthorityFile, tokenFile);
        var shoot = await Shoot.CreateAsync(seed.Api);
        await shoot.DeployAsync("a");

        await using var controller = ControllerProcess.Start(new ControllerOptions { Kubeconfig = kubeconfig });
        await Eventually.TrueAsync(
            "a complaint about 401", () => Task.FromResult(controller.Process.Output.Contains("401", StringComparison.Ordinal)));
        (await controller.AnswersAsync("/readyz")).Should().BeFalse();
        controller.Process.HasExited.Should().BeFalse();
        controller.Process.Output.Should().NotContain(expired, "a token is a secret, even then");
        controller.Process.Output.Split('\n').Length.Should().BeLessThan(200, "it must not retry in a hot loop");

        await File.WriteAllTextAsync(
            tokenFile,
            await seed.ControlPlane.CreateTokenAsync(LocalControlPlane.ServiceAccount, TimeSpan.FromHours(1)),
            TestContext.Current.CancellationToken);

        await shoot.WaitUntilReadyAsync("a", TimeSpan.FromSeconds(90));
        await controller.WaitUntilReadyAsync();
    }

    private async Task<HttpStatusCode> StatusForAsync(string token)
    {
        using var client = new ApiServer(seed.Api.Server, seed.ControlPlane.CertificateAuthorityFile, token, "test");
        return (await client.TryAsync(HttpMethod.Get, ApiPaths.ContainerRuntimes("default"))).Status;
    }
}
