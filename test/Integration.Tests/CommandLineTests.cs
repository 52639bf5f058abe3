// SPDX-License-Identifier: Apache-2.0

using ControlPlane;

namespace Integration.Tests;

/// <summary>How the controller ends, or does not, when it cannot start its work.</summary>
public sealed class CommandLineTests(SharedSeed seed)
{
    private static readonly TimeSpan StartTimeout = TimeSpan.FromSeconds(60);

    [Theory]
    [InlineData("--no-such-flag=1", "--no-such-flag")]
    [InlineData("--max-concurrent-reconciles=0", "--max-concurrent-reconciles")]
    [InlineData("--log-level=loud", "loud")]
    [InlineData("--metrics-bind-address=nowhere", "nowhere")]
    [InlineData("--master=nowhere", "nowhere")]
    public async Task A_wrong_argument_ends_it_with_a_message_that_names_it(string argument, string named)
    {
        await using var controller = ChildProcess.Start([.. Repository.Controller, $"--kubeconfig={seed.ControlPlane.ControllerKubeconfig}", argument]);

        await controller.WaitForExitAsync(StartTimeout, TestContext.Current.CancellationToken);

        controller.ExitCode.Should().NotBe(0);
        controller.Output.Should().Contain(named).And.NotContain("   at ", "a wrong argument is no crash");
    }

    [Theory]
    [InlineData("images: [", "line")]
    [InlineData("images: [{name: runtime-gvisor-installation}]", "repository")]
    [InlineData("images: [{name: runtime-gvisor-installation, ref: a, repository: b}]", "ref")]
    public async Task A_broken_image_vector_ends_it_with_a_message_that_names_file_and_field(string text, string named)
    {
        var file = Path.Combine(seed.ControlPlane.Directory, $"images-{Guid.NewGuid():N}.yaml");
        await File.WriteAllTextAsync(file, text, TestContext.Current.CancellationToken);

        await using var controller = ChildProcess.Start(
            [.. Repository.Controller, $"--kubeconfig={seed.ControlPlane.ControllerKubeconfig}"],
            new Dictionary<string, string?> { ["IMAGEVECTOR_OVERWRITE"] = file });
        await controller.WaitForExitAsync(StartTimeout, TestContext.Current.CancellationToken);

        controller.ExitCode.Should().NotBe(0);
        controller.Output.Should().Contain(file).And.Contain(named).And.NotContain("   at ");
    }

    [Fact]
    public async Task An_unreachable_API_server_leaves_it_running_but_not_ready()
    {
        var kubeconfig = await seed.ControlPlane.WriteKubeconfigAsync(
            "unreachable", new Uri("https://127.0.0.1:1"), seed.ControlPlane.CertificateAuthorityFile, seed.ControlPlane.ControllerTokenFile);

        await NeverReadyAsync(kubeconfig, "refused");
    }

    [Fact]
    public async Task A_server_certificate_for_another_name_is_refused()
    {
        // The certificate is valid for 127.0.0.1 and kubernetes.default.svc.
        var kubeconfig = await seed.ControlPlane.WriteKubeconfigAsync(
            "wrong-name",
            new Uri($"https://localhost:{seed.Api.Server.Port}"),
            seed.ControlPlane.CertificateAuthorityFile,
            seed.ControlPlane.ControllerTokenFile);

        await NeverReadyAsync(kubeconfig, "certificate");
    }

    private static async Task NeverReadyAsync(string kubeconfig, string complaint)
    {
        await using var controller = ControllerProcess.Start(new ControllerOptions { Kubeconfig = kubeconfig });

        await Eventually.TrueAsync(
            $"a complaint about '{complaint}'",
            () => Task.FromResult(controller.Process.Output.Contains(complaint, StringComparison.OrdinalIgnoreCase)),
            StartTimeout);

        (await controller.AnswersAsync("/readyz")).Should().BeFalse();
        (await controller.AnswersAsync("/healthz")).Should().BeTrue("a restart would not help");
        controller.Process.HasExited.Should().BeFalse();
        controller.Process.Output.Split('\n').Length.Should().BeLessThan(200, "it must not retry in a hot loop");
    }
}
