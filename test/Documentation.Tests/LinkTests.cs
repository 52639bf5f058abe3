// SPDX-License-Identifier: Apache-2.0

namespace Documentation.Tests;

/// <summary>Whoever begins at README.md finds every page, and no link leads nowhere.</summary>
public sealed class LinkTests
{
    [Fact]
    public void Every_link_leads_to_a_file_of_the_repository() =>
        Links().Where(link => !Repository.Exists(link.File)).Select(link => link.ToString()).Should().BeEmpty();

    [Fact]
    public void Every_link_to_a_heading_finds_it() =>
        Links().Where(link => link.Anchor is not null && Repository.Exists(link.File) && !MarkdownPage.Read(link.File).Anchors.Contains(link.Anchor))
            .Select(link => link.ToString()).Should().BeEmpty();

    [Fact]
    public void Every_page_can_be_reached_from_the_first_one()
    {
        var reached = new HashSet<string>(StringComparer.Ordinal);
        var next = new Queue<string>(["README.md"]);
        while (next.TryDequeue(out var path))
        {
            if (reached.Add(path))
            {
                foreach (var link in MarkdownPage.Read(path).Links.Where(link => link.File.EndsWith(".md", StringComparison.Ordinal) && Repository.Exists(link.File)))
                {
                    next.Enqueue(link.File);
                }
            }
        }

        MarkdownPage.All().Select(page => page.Path).Should().BeSubsetOf(reached);
    }

    private static IEnumerable<PageLink> Links() => MarkdownPage.All().SelectMany(page => page.Links);
}
