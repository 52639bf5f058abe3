// SPDX-License-Identifier: Apache-2.0

using ControlPlane;

namespace Integration.Tests;

/// <summary>Tokens expire and are replaced in their file while the controller runs.</summary>
[Collection(OwnSeedCollection.Name)]
public sealed class CredentialTests(OwnSeed seed)
{
    [Fact]
    public async Task A_token_that_is_no_longer_valid_stops_the_work_until_the_file_holds_a_new_one()
    {
        var tokenFile = Path.Combine(seed.ControlPlane.Directory, "rotated.token");
        await File.WriteAllTextAsync(tokenFile, "no-longer-valid", TestContext.Current.CancellationToken);
        var kubeconfig = await seed.ControlPlane.WriteKubeconfigAsync(
            "rotated", seed.Api.Server, seed.ControlPlane.CertificateAuthorityFile, tokenFile);
        var shoot = await Shoot.CreateAsync(seed.Api);
        await shoot.DeployAsync("a");

        await using var controller = ControllerProcess.Start(new ControllerOptions { Kubeconfig = kubeconfig });
        await Eventually.TrueAsync(
            "a complaint about 401", () => Task.FromResult(controller.Process.Output.Contains("401", StringComparison.Ordinal)));
        (await controller.AnswersAsync("/readyz")).Should().BeFalse();
        controller.Process.HasExited.Should().BeFalse();

        await File.WriteAllTextAsync(
            tokenFile,
            await seed.ControlPlane.CreateTokenAsync(LocalControlPlane.ServiceAccount, TimeSpan.FromHours(1)),
            TestContext.Current.CancellationToken);

        await shoot.WaitUntilReadyAsync("a", TimeSpan.FromSeconds(90));
        await controller.WaitUntilReadyAsync();
    }
}
