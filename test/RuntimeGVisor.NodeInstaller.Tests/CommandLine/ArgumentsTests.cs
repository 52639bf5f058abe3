// SPDX-License-Identifier: Apache-2.0

using RuntimeGVisor.NodeInstaller.CommandLine;

namespace RuntimeGVisor.NodeInstaller.Tests.CommandLine;

public sealed class ArgumentsTests
{
    [Fact]
    public void Options_have_defaults()
    {
        var arguments = Arguments.Parse(["install"]);

        arguments.Should().Be(new Arguments { Verb = Verb.Install });
        arguments.ConfigurationFile.Should().Be("/etc/gvisor-node-installer/node-installer.json");
        arguments.ReleaseDirectory.Should().Be("/gvisor");
    }

    [Theory]
    [InlineData("plan", "--config", "/a", "--release", "/b", "--output", "json")]
    [InlineData("plan", "--config=/a", "--release=/b", "--output=json")]
    public void Values_follow_their_option_or_an_equals_sign(params string[] commandLine) =>
        Arguments.Parse(commandLine).Should().Be(
            new Arguments { Verb = Verb.Plan, ConfigurationFile = "/a", ReleaseDirectory = "/b", Json = true });

    [Theory]
    [InlineData("a verb is missing")]
    [InlineData("there is no verb \"instal\"", "instal")]
    [InlineData("install has no option \"--onec\"", "install", "--onec")]
    [InlineData("install has no option \"extra\"", "install", "extra")]
    [InlineData("plan has no option \"--once\"", "plan", "--once")]
    [InlineData("install has no option \"--once=true\"", "install", "--once=true")]
    [InlineData("--config needs a value", "install", "--config")]
    [InlineData("--config needs a value", "install", "--config=")]
    [InlineData("--output is \"yaml\"; it must be text or json", "status", "--output", "yaml")]
    public void A_wrong_command_line_is_explained(string message, params string[] commandLine)
    {
        var parse = () => Arguments.Parse(commandLine);

        parse.Should().Throw<UsageException>().WithMessage(message);
    }

    [Theory]
    [InlineData(0, "help")]
    [InlineData(0, "--version")]
    [InlineData(2, "nonsense")]
    [InlineData(3, "plan", "--config", "/nowhere/at/all.json")]
    public async Task The_exit_code_tells_what_was_wrong(int code, params string[] commandLine)
    {
        await using var output = new StringWriter();
        await using var errors = new StringWriter();

        (await Application.RunAsync(commandLine, output, errors)).Should().Be((ExitCode)code);
    }

    [Fact]
    public async Task Every_error_of_the_configuration_is_printed()
    {
        var file = Path.GetTempFileName();
        await using var errors = new StringWriter();
        try
        {
            await File.WriteAllTextAsync(file, """{ "binaryDirectory": "/a;rm -rf /", "handler": "x\"]", "httpPort": 0 }""");

            (await Application.RunAsync(["plan", "--config", file], TextWriter.Null, errors)).Should().Be(ExitCode.InvalidConfiguration);
        }
        finally
        {
            File.Delete(file);
        }

        errors.ToString().Should().ContainAll("apiVersion", "desiredState", "workerPool");
    }
}
