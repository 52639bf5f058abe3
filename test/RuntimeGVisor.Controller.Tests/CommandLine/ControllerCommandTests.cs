// SPDX-License-Identifier: Apache-2.0

namespace RuntimeGVisor.Controller.Tests.CommandLine;

public sealed class ControllerCommandTests
{
    [Fact]
    public async Task Without_flags_the_defaults_are_those_that_production_needs()
    {
        var run = await CommandLineRun.OfAsync();

        run.ExitCode.Should().Be(0);
        run.Options.Should().BeEquivalentTo(new
        {
            Kubeconfig = (string?)null,
            Master = (string?)null,
            LeaderElection = true,
            LeaderElectionId = "runtime-gvisor-leader-election",
            HeartbeatRenewIntervalSeconds = 30,
            MetricsBindAddress = ":8080",
            HealthBindAddress = ":8081",
            MaxConcurrentReconciles = 5,
            IgnoreOperationAnnotation = false,
            HealthConditions = false,
            LogLevel = "info",
            LogFormat = "json",
        });
        run.Options!.ExtensionClasses.Should().BeEmpty();
        run.Options.Rendering.IsNodeCritical.Should().BeFalse();
    }

    [Fact]
    public async Task The_flags_that_the_chart_of_the_Go_extension_passes_are_understood()
    {
        var run = await CommandLineRun.OfAsync(
            "--heartbeat-namespace=extension-runtime-gvisor",
            "--heartbeat-renew-interval-seconds=15",
            "--max-concurrent-reconciles=7",
            "--ignore-operation-annotation=false",
            "--gardener-version=v1.150.0",
            "--gvisor-installation-test-repository=registry.example/gvisor");

        run.Error.Should().BeEmpty();
        run.ExitCode.Should().Be(0);
        run.Options!.IgnoredFlags.Should().BeEmpty();
        run.Options.HeartbeatNamespace.Should().Be("extension-runtime-gvisor");
        run.Options.HeartbeatRenewIntervalSeconds.Should().Be(15);
        run.Options.MaxConcurrentReconciles.Should().Be(7);
        run.Options.IgnoreOperationAnnotation.Should().BeFalse();
        run.Options.GardenerVersion.Should().Be("v1.150.0");
        run.Options.Rendering.TestRepository.Should().Be("registry.example/gvisor");
    }

    [Theory]
    [InlineData("--self-hosted-shoot-cluster")]
    [InlineData("--self-hosted-shoot-cluster=false")]
    [InlineData("--webhook-config-server-host=")]
    [InlineData("--webhook-config-server-port=10250")]
    [InlineData("--webhook-config-cert-dir=/certs")]
    [InlineData("--healthcheck-max-concurrent-reconciles=5")]
    public async Task A_flag_that_means_something_to_the_Go_extension_only_is_accepted_and_told(string flag)
    {
        var run = await CommandLineRun.OfAsync(flag);

        run.ExitCode.Should().Be(0);
        run.Options!.IgnoredFlags.Should().Equal(flag.Split('=')[0]);
    }

    [Theory]
    [InlineData("--gardener-version=")]
    [InlineData("--gvisor-installation-test-repository=")]
    [InlineData("--kubeconfig=")]
    [InlineData("--master=")]
    [InlineData("--heartbeat-namespace=")]
    [InlineData("--leader-election-namespace=")]
    [InlineData("--image-vector-overwrite=")]
    public async Task A_chart_may_pass_an_empty_value(string flag)
    {
        var run = await CommandLineRun.OfAsync(flag);

        run.ExitCode.Should().Be(0);
        run.Options!.GardenerVersion.Should().BeNull();
        run.Options.Rendering.TestRepository.Should().BeNull();
        run.Options.Kubeconfig.Should().BeNull();
    }

    [Theory]
    [InlineData("--leader-election=false")]
    [InlineData("--leader-election", "false")]
    public async Task Leader_election_can_be_turned_off(params string[] arguments) =>
        (await CommandLineRun.OfAsync(arguments)).Options!.LeaderElection.Should().BeFalse();

    [Fact]
    public async Task A_switch_without_a_value_is_on()
    {
        var options = (await CommandLineRun.OfAsync("--health-conditions", "--ignore-operation-annotation", "--leader-election")).Options!;

        (options.HealthConditions, options.IgnoreOperationAnnotation, options.LeaderElection).Should().Be((true, true, true));
    }

    [Theory]
    [InlineData("garden,shoot")]
    [InlineData("garden, shoot")]
    public async Task Extension_classes_are_separated_by_commas(string classes) =>
        (await CommandLineRun.OfAsync($"--extension-classes={classes}")).Options!.ExtensionClasses.Should().Equal("garden", "shoot");

    [Theory]
    [InlineData("--no-such-flag", "--no-such-flag")]
    [InlineData("--max-concurrent-reconciles=0", "--max-concurrent-reconciles", "'0'", "above 0")]
    [InlineData("--max-concurrent-reconciles=many", "--max-concurrent-reconciles", "many")]
    [InlineData("--heartbeat-renew-interval-seconds=0", "--heartbeat-renew-interval-seconds", "'0'", "above 0")]
    [InlineData("--heartbeat-renew-interval-seconds=-1", "--heartbeat-renew-interval-seconds", "above 0")]
    [InlineData("--leader-election=perhaps", "--leader-election", "perhaps")]
    [InlineData("--log-level=loud", "--log-level", "'loud'", "info, debug, error")]
    [InlineData("--log-format=xml", "--log-format", "'xml'", "json, text")]
    public async Task A_wrong_flag_ends_the_program_and_is_named(string argument, params string[] named)
    {
        var run = await CommandLineRun.OfAsync(argument);

        run.ExitCode.Should().NotBe(0);
        run.Options.Should().BeNull("the controller must not start");
        run.Error.Should().ContainAll(named);
    }

    [Fact]
    public async Task The_version_names_the_program() =>
        (await CommandLineRun.OfAsync("--version")).Output.Should().MatchRegex(@"^gardener-extension-runtime-gvisor \d+\.\d+\.\d+");
}
