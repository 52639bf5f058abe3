// SPDX-License-Identifier: Apache-2.0

namespace RuntimeGVisor.NodeConfiguration.Tests;

public sealed class DocumentedFlagsTests
{
    [Fact]
    public void The_usage_page_lists_exactly_the_flags_that_an_owner_can_set()
    {
        var rows = File.ReadLines(Repository.PathOf("docs/usage/configuration.md"))
            .SkipWhile(line => line != "## Flags")
            .Where(line => line.StartsWith("| `", StringComparison.Ordinal))
            .SelectMany(line => line.Split('|')[1].Split(','))
            .Select(name => name.Trim(' ', '`'));

        rows.Should().BeEquivalentTo(RunscFlags.All.Where(flag => flag.SetBy == RunscFlagSetter.Owner).Select(flag => flag.Name));
    }
}
