// SPDX-License-Identifier: Apache-2.0

namespace RuntimeGVisor.Controller.Tests.CommandLine;

public sealed class CompletionCommandTests
{
    [Theory]
    [InlineData("bash", "complete -o default")]
    [InlineData("zsh", "#compdef")]
    [InlineData("fish", "complete -c")]
    public async Task A_script_asks_the_program_what_may_come_next(string shell, string text) =>
        (await CommandLineRun.OfAsync("completion", shell)).Output.Should().Contain(text).And.Contain("[suggest:");

    [Fact]
    public async Task Another_shell_is_an_error() => (await CommandLineRun.OfAsync("completion", "tcsh")).ExitCode.Should().NotBe(0);

    [Theory]
    [InlineData("gardener-extension-runtime-gvisor val", "validate")]
    [InlineData("gardener-extension-runtime-gvisor explain net", "net-raw")]
    [InlineData("gardener-extension-runtime-gvisor validate --flag", "--flag-policy")]
    [InlineData("gardener-extension-runtime-gvisor completion f", "fish")]
    public async Task The_program_knows_what_may_come_next(string line, string suggestion) =>
        (await CommandLineRun.OfAsync($"[suggest:{line.Length}]", line)).Output.Split(Environment.NewLine).Should().Contain(suggestion);
}
