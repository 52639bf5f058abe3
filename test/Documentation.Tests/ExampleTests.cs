// SPDX-License-Identifier: Apache-2.0

using System.Text.Json;
using Kubernetes.Controllers.Serialization;
using RuntimeGVisor.Validation;

namespace Documentation.Tests;

/// <summary>What a page shows as an example is accepted, and what it shows as a mistake is not.</summary>
public sealed class ExampleTests
{
    public static TheoryData<string> Pages() => [.. Repository.Files(".md", "docs/usage")];

    [Theory]
    [MemberData(nameof(Pages))]
    public void An_example_for_users_has_no_flaw(string page)
    {
        foreach (var example in MarkdownPage.Read(page).FencedBlocks("yaml"))
        {
            Findings(example).Should().BeEmpty("{0} shows:\n{1}", page, example);
        }
    }

    [Fact]
    public void The_mistakes_of_the_quick_start_are_told_as_it_says()
    {
        var page = MarkdownPage.Read("docs/usage/validate.md");
        var said = page.FencedBlocks("console").First().Split('\n');

        Findings(page.FencedBlocks("yaml invalid").Single()).Select(finding => $"error: {finding}")
            .Should().BeEquivalentTo(said.Where(line => line.StartsWith("shoot.yaml:", StringComparison.Ordinal)).Select(line => line[(line.IndexOf(' ', StringComparison.Ordinal) + 1)..]));
    }

    [Fact]
    public void The_policy_that_operators_are_shown_can_be_read()
    {
        var policy = FlagPolicy.Read(MarkdownPage.Read("docs/operations/policy.md").FencedBlocks("yaml").Last());

        policy.Flags.Should().NotBeEmpty();
    }

    /// <summary>A fragment of a Shoot, without its kind, is judged as a Shoot.</summary>
    private static IEnumerable<Finding> Findings(string example) => YamlDocuments.Read(example).Where(document => document is not null).SelectMany(document =>
    {
        var manifest = JsonElement.Parse(document!.ToJsonString());
        return ManifestValidator.Validate(manifest, FlagPolicy.Default) ?? ShootValidator.Validate(manifest, oldShoot: null, FlagPolicy.Default);
    });
}
