// SPDX-License-Identifier: Apache-2.0

using RuntimeGVisor.NodeInstaller.CommandLine;

namespace RuntimeGVisor.NodeInstaller.Tests.CommandLine;

public sealed class InstallerCommandTests
{
    [Theory]
    [InlineData("Required command was not provided.")]
    [InlineData("instal", "instal")]
    [InlineData("--onec", "install", "--onec")]
    [InlineData("extra", "install", "extra")]
    [InlineData("--once", "plan", "--once")]
    [InlineData("--config", "install", "--config")]
    [InlineData("yaml", "status", "--output", "yaml")]
    public async Task A_wrong_command_line_is_explained(string message, params string[] commandLine)
    {
        await using var errors = new StringWriter();

        (await InstallerCommand.RunAsync(commandLine, TextWriter.Null, errors)).Should().Be((int)ExitCode.Usage);

        errors.ToString().Should().Contain(message);
    }

    [Theory]
    [InlineData("install", "--help")]
    [InlineData("gvisor-node-installer", "--version")]
    public async Task Help_and_version_go_to_the_output(string text, string option)
    {
        await using var output = new StringWriter();

        (await InstallerCommand.RunAsync([option], output, TextWriter.Null)).Should().Be((int)ExitCode.Success);

        output.ToString().Should().Contain(text);
    }

    [Theory]
    [InlineData("plan", "--config", "/nowhere/at/all.json")]
    [InlineData("plan", "--config=/nowhere/at/all.json", "--output=json")]
    public async Task A_configuration_file_that_cannot_be_read_has_a_code_of_its_own(params string[] commandLine) =>
        (await InstallerCommand.RunAsync(commandLine, TextWriter.Null, TextWriter.Null)).Should().Be((int)ExitCode.InvalidConfiguration);

    [Fact]
    public async Task Every_error_of_the_configuration_is_printed()
    {
        var file = Path.GetTempFileName();
        await using var errors = new StringWriter();
        try
        {
            await File.WriteAllTextAsync(file, """{ "binaryDirectory": "/a;rm -rf /", "handler": "x\"]", "httpPort": 0 }""");

            (await InstallerCommand.RunAsync(["plan", "--config", file], TextWriter.Null, errors)).Should().Be((int)ExitCode.InvalidConfiguration);
        }
        finally
        {
            File.Delete(file);
        }

        errors.ToString().Should().ContainAll("apiVersion", "desiredState", "workerPool");
    }
}
