// SPDX-License-Identifier: Apache-2.0

using RuntimeGVisor.NodeConfiguration;

namespace RuntimeGVisor.Controller.Tests.CommandLine;

public sealed class ExplainCommandTests
{
    public static TheoryData<string> Names() => [.. RunscFlags.All.Select(flag => flag.Name)];

    [Theory]
    [MemberData(nameof(Names))]
    public async Task Each_flag_is_explained(string name)
    {
        var run = await CommandLineRun.OfAsync("explain", name);

        run.ExitCode.Should().Be(0);
        run.Output.Should().StartWith($"{name}: ").And.ContainAll("values:", "default:", "risk:", "since:", "policy:").And.NotContain("`");
    }

    [Fact]
    public async Task Without_a_name_every_flag_that_an_owner_can_set_is_listed()
    {
        var lines = (await CommandLineRun.OfAsync("explain")).Output.TrimEnd('\n').Split('\n');

        lines[0].Should().MatchRegex("^FLAG +DEFAULT +RISK +POLICY +MEANING$");
        lines[1..].Select(line => line.Split(' ')[0]).Should().Equal(RunscFlags.All.Where(flag => flag.SetBy == RunscFlagSetter.Owner).Select(flag => flag.Name));
    }

    [Fact]
    public async Task A_name_that_does_not_exist_is_an_error_with_the_nearest_one()
    {
        var run = await CommandLineRun.OfAsync("explain", "netraw");

        run.ExitCode.Should().Be(1);
        run.Error.Should().Be("error: netraw: there is no such flag to set; did you mean net-raw?\n");
    }

    [Fact]
    public async Task A_flag_that_needs_another_one_names_it() =>
        (await CommandLineRun.OfAsync("explain", "strace-syscalls")).Output.Should().Contain("needs:   strace: \"true\"");
}
