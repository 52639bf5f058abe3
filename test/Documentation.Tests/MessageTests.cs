// SPDX-License-Identifier: Apache-2.0

namespace Documentation.Tests;

/// <summary>Texts that pages quote as words of our programs are words of our programs.</summary>
public sealed class MessageTests
{
    private static readonly Lazy<string> Sources = new(() => string.Join('\n', Repository.Files(".cs", "src").Select(Repository.Read)));

    /// <summary>Page and first heading of the tables whose first column quotes.</summary>
    public static TheoryData<string, string> Tables() => new()
    {
        { "docs/operations/troubleshooting.md", "log of the controller" },
        { "docs/operations/troubleshooting.md", "it says" },
        { "docs/operations/troubleshooting.md", "it waits for" },
        { "docs/operations/troubleshooting.md", "reason" },
        { "docs/operations/node-installer.md", "reason" },
        { "docs/operations/node-installer.md", "cause (metric label)" },
        { "docs/operations/status.md", "message contains" },
    };

    [Theory]
    [MemberData(nameof(Tables))]
    public void A_quoted_text_is_in_the_code(string page, string heading)
    {
        var quoted = MarkdownPage.Read(page).FirstColumnOfTables(heading).ToList();

        quoted.Should().NotBeEmpty();
        quoted.SelectMany(Fragments).Where(fragment => !Sources.Value.Contains(fragment, StringComparison.Ordinal)).Should().BeEmpty();
    }

    /// <summary>What stands between the places for values; the quotes around a value are escaped in source code.</summary>
    private static IEnumerable<string> Fragments(string text) =>
        text.Split('…').Select(fragment => fragment.Trim(' ', '\'', '"')).Where(fragment => fragment.Any(char.IsLetter));
}
